import type { Page } from "puppeteer-core";
import { expect, test } from "vitest";
import { barriers, onPhone, open, picture, until, useSite, withoutWebGPU } from "./page.js";

useSite();

/** The numbers of a plane, row by row. */
const plane = (page: Page, label: string) => page.$$eval(`.plane table[aria-label^="${label}"] tr`, (rows) =>
  rows.map((row) => [...row.children].map((td) => {
    const value = td.querySelector("input")?.value ?? td.textContent ?? "";
    return Number(value.replace("−", "-"));
  })));
const answers = (page: Page) => page.$$eval(".answers output", (all) => all.map((e) => e.textContent));
const settled = (page: Page) => page.waitForFunction(() =>
  (document.querySelector(".verdict") as HTMLElement).dataset.found);
const formulas = (page: Page) => page.$$eval("[role=math]", (all) => all.map((e) => e.getAttribute("aria-label")));
/** Types a number into a setting or a cell. */
async function type(page: Page, selector: string, value: number) {
  await page.click(selector, { count: 3 });
  await page.keyboard.type(String(value));
}

test("the article's example, and what changes it", async () => {
  const { page, bad } = await open("convolution/?padding=1x1&stride=3x2&cell=0,0,1");
  await until(page, "Output computed by the kernels themselves");
  await settled(page);
  expect(await plane(page, "Output")).toEqual([[0, 8], [6, 8]]);
  expect(await answers(page)).toEqual(["8", "8"]);
  expect(await formulas(page)).toEqual([
    "P is the floor of 3 minus 2 plus twice 1 plus 3, divided by 3: 2",
    "Q is the floor of 3 minus 2 plus twice 1 plus 2, divided by 2: 2",
  ]);
  const terms = await page.$$eval(".term", (all) => all.map((e) => e.textContent));
  expect(terms).toEqual(["0 × 0", "0 × 1", "1 × 2", "2 × 3"]);
  // Planes and products are closed at the bottom, too.
  expect(await page.$$eval(".plane tr:last-child td, .term", (all) =>
    all.map((e) => getComputedStyle(e).borderBottomWidth).filter((width) => width === "0px"))).toEqual([]);
  expect(await barriers(page)).toEqual([]);
  await picture(page, "convolution-light", 1280, "light");

  await page.focus("td[aria-selected=true]");
  for (const key of ["ArrowDown", "ArrowLeft"] as const) await page.keyboard.press(key);
  const taps = await page.$$eval(".tap", (all) =>
    all.map((e) => (e.firstElementChild as HTMLInputElement | null)?.value ?? e.textContent));
  expect(taps).toEqual(["0", "6", "0", "0", "6"]);
  expect(await answers(page)).toEqual(["6", "6"]);

  await type(page, "#stride-h", 1);
  await settled(page);
  expect(await plane(page, "Output")).toEqual([[0, 8], [9, 25], [21, 43], [6, 8]]);
  await type(page, ".plane table[aria-label^=Kernel] tr:last-child td:last-child input", 10);
  await page.waitForFunction(() =>
    document.querySelector(".plane table[aria-label^=Output] td:last-child")?.textContent === "22");
  expect(await plane(page, "Output")).toEqual([[0, 22], [30, 60], [63, 99], [6, 8]]);
  expect(new URL(page.url()).search).toMatch(/stride=1x2.*weight=0,1,2,10&cell=0,1,0/);
  await page.reload();
  await settled(page);
  expect(await plane(page, "Output")).toEqual([[0, 22], [30, 60], [63, 99], [6, 8]]);
  expect(await answers(page)).toEqual(["30", "30"]);

  await type(page, ".plane table[aria-label^=Input] input", 5);
  for (const side of ["h", "w"]) await type(page, `#padding-${side}`, 0);
  await type(page, "#window-h", 5);
  expect(await page.$eval(".misfit", (e) => e.textContent)).toBe(
    "There is none: a 5×2 window does not fit [1, 1, 3, 3] padded by 0×0; "
    + "use a larger input, a smaller kernel or more padding.");
  expect(new URL(page.url()).search).toMatch(/window=5x2&padding=0x0.*x=5,1,2,3,4,5,6,7,8&weight=0,1,2,10,4,5/);
  // The GPU is not asked for an output that there is none of, whatever is typed.
  await type(page, ".plane table[aria-label^=Input] input", 4);
  await type(page, "#window-h", 2);
  await settled(page);
  expect(await page.$(".notice")).toBeNull();
  expect(await barriers(page)).toEqual([]);
  expect(bad).toEqual([]);
  await page.close();
}, 120_000);

test("every example: the GPU agrees with the sums at every cell", async () => {
  const { page, bad } = await open("convolution/");
  await settled(page);
  const names = await page.$$eval("[name=preset]", (all) => all.map((e) => (e as HTMLInputElement).value));
  const shapes: Record<string, string> = {};
  for (const name of names) {
    await page.$eval(`[value=${name}]`, (e) => { (e as HTMLInputElement).click(); });
    await settled(page);
    const found = await page.$$eval(".plane td[tabindex]", (all) => all.map((td) => {
      td.focus();
      return (document.querySelector(".verdict") as HTMLElement).dataset.found;
    }));
    expect(found.every((f) => f === "equal" || f === "rounded"), name).toBe(true);
    shapes[name] = (await page.$eval(".size .facts dd", (e) => e.textContent)) ?? "";
    expect(shapes[name].split(" × ").reduce((a, n) => a * Number(n), 1)).toBe(found.length);
    if (name === "edges") expect((await plane(page, "Output"))[3]).toEqual([0, 4, 4, 0, 0, -4, -4, 0]);
  }
  expect(shapes).toEqual({
    example: "1 × 2 × 2", window: "1 × 2 × 2", edges: "1 × 8 × 8", channels: "2 × 2 × 2", pointwise: "2 × 3 × 3",
    dilated: "1 × 3 × 3", depthwise: "2 × 2 × 2", max: "1 × 2 × 2", average: "1 × 2 × 2",
  });
  await page.$$eval("[data-preset=edges]", ([button]) => { (button as HTMLButtonElement).click(); });
  await settled(page);
  await picture(page, "convolution-dark", 1280, "dark");
  expect(await barriers(page)).toEqual([]);
  await onPhone(page, "convolution-phone", "light");
  expect(bad).toEqual([]);
  await page.close();
}, 120_000);

test("without WebGPU the sums are still written out", async () => {
  const { page, bad } = await open(
    "convolution/?layer=avg&size=4x4&window=2x2&stride=2x2&x=1,3,2,1,2,9,1,1,1,3,2,3,5,6,1,2", withoutWebGPU);
  expect(await page.$eval(".notice.bad", (e) => e.textContent)).toMatch(/no WebGPU.*written out all the same/);
  expect(await plane(page, "Output")).toEqual([[3.75, 1.25], [3.75, 2]]);
  expect(await answers(page)).toEqual(["3.75", "–"]);
  expect(await barriers(page)).toEqual([]);
  expect(bad).toEqual([]);
  await page.close();
}, 120_000);
