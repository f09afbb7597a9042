import type { Page } from "puppeteer-core";
import { expect, test } from "vitest";
import { barriers, open, picture, press, status, useSite } from "./page.js";

useSite();

const said = (page: Page, text: string) => page.waitForFunction((t) => document.querySelector(".status")?.textContent?.includes(t), {}, text);
const problems = (page: Page) => page.$$eval(".problems li", (all) => all.map((e) => e.textContent));
/** Puts text into an editor: 0 the shader, 1 the layer. */
async function write(page: Page, which: number, change: (text: string) => string) {
  const content = await page.evaluateHandle((n) => document.querySelectorAll(".editor")[n].shadowRoot!.querySelector<HTMLElement>(".cm-content")!, which);
  await content.click();
  await page.keyboard.down("Control"); await page.keyboard.press("KeyA"); await page.keyboard.up("Control");
  await page.keyboard.press("Backspace");
  await page.keyboard.sendCharacter(change(""));
}

test("a layer is run, checked, timed; what is wrong is told at its line; a loop without an end costs the worker alone", async () => {
  const { page, bad } = await open("playground/?example=depthwise");
  await said(page, "Depthwise 3 × 3: an example");
  await press(page, "Run");
  await said(page, "Run: done");
  expect(await page.$$eval("[aria-labelledby=values-title] .planes", (all) => all.map((e) => e.children.length))).toEqual([4, 4]);
  await press(page, "Check gradients");
  await said(page, "Check gradients: done");
  expect(await page.$eval("[aria-labelledby=gradients-title] .verdict-line", (e) => e.textContent)).toBe("Nothing wrong found.");
  expect(await page.$$eval("[aria-labelledby=gradients-title] .tensor h3", (all) => all.map((e) => e.textContent))).toEqual(["dx [2, 4, 6, 6]", "dweight [3, 4, 3, 3]"].map((t) => t.startsWith("dweight") ? expect.stringMatching(/^dweight/) : t));
  await press(page, "Check races");
  await said(page, "Check races: done");
  await press(page, "Benchmark");
  await said(page, "Benchmark: done");
  expect((await page.$$eval("[aria-labelledby=bench-title] tbody tr", (all) => all.map((tr) => [tr.children[0].textContent, Number(tr.children[1].textContent) > 0, Number(tr.children[3].textContent) > 0])))).toEqual([["forward", true, true], ["backward", true, true]]);
  expect(await barriers(page)).toEqual([]);
  await picture(page, "playground-light", 1280, "light");
  await picture(page, "playground-phone", 390, "dark");
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  await page.setViewport({ width: 1280, height: 900 });

  await write(page, 0, () => "@compute @workgroup_size(1, 1, 1)\nfn f() {\n  let a = 1.0 + 1u;\n}");
  await press(page, "Run");
  await said(page, "It did not work");
  expect(await problems(page)).toEqual([expect.stringMatching(/^Shader, line 3, column \d+: .*operator \+/s)]);
  expect(await page.evaluate(() => document.querySelector(".editor")!.shadowRoot!.querySelectorAll(".cm-lintRange-error").length)).toBe(1);
  await page.waitForFunction(() => location.hash.startsWith("#layer="));

  await page.select("#limit", "5");
  await page.select("#example", "swish");
  await said(page, "Swish");
  await write(page, 1, () => "for (;;) {}");
  await press(page, "Run");
  await said(page, "Ended.");
  expect(await page.$eval(".notice.bad", (e) => e.textContent)).toMatch(/No answer for 5 seconds.*nothing else is lost/);
  expect(bad).toEqual([]);
  await page.close();
}, 120_000);

test("a link's layer runs after a press alone", async () => {
  const { page, bad } = await open("playground/");
  await said(page, "Swish");
  await write(page, 1, () => "throw new TypeError('ran')");
  await page.waitForFunction(() => location.hash.startsWith("#layer="));
  const link = page.url();
  const second = await open(link.slice(link.indexOf("playground/")));
  await said(second.page, "A layer out of this address");
  expect(await second.page.$eval(".notice", (e) => e.textContent)).toMatch(/It has not run/);
  await new Promise((done) => { setTimeout(done, 500); });
  expect(second.page.workers()).toHaveLength(0);
  expect(await status(second.page)).toBe("A layer out of this address.");
  await press(second.page, "Run");
  await said(second.page, "It did not work");
  expect(await problems(second.page)).toEqual(["Layer, line 1, column 7: ran"]);
  expect([...bad, ...second.bad]).toEqual([]);
  await page.close();
  await second.page.close();
}, 60_000);
