import { expect, test } from "vitest";
import {
  barriers, charted, crashGpu, figure, onPhone, open, picture, press, saved, status, until, useSite, withoutWebGPU,
} from "./page.js";

useSite();

test("LeNet trains in the page, by keyboard", async () => {
  const { page, bad } = await open("lenet/?images=500&batch=16&rate=0.05&seed=7");
  await until(page, "Ready");
  expect(await figure(page, "Step")).toBe("–");
  await page.keyboard.press(".");
  await page.waitForFunction(() => /Step1 \/ 160/.test(document.querySelector(".figures")?.textContent ?? ""));
  const first = Number(await figure(page, "Loss"));
  expect(first).toBeGreaterThan(1.9);
  await page.keyboard.press("Space");
  await page.waitForFunction(() => /Epoch2 \//.test(document.querySelector(".figures")?.textContent ?? ""));
  await page.keyboard.press("Space");
  await until(page, "Paused");
  expect(Number(await figure(page, "Loss"))).toBeLessThan(first - 0.5);
  expect(Number((await figure(page, "Images/s")).replace(",", ""))).toBeGreaterThan(10);
  expect(await figure(page, "Test accuracy")).toMatch(/^[4-9]\d\.\d %$/);

  const losses = await charted(page);
  expect(losses.length).toBeGreaterThan(10);
  expect(losses.at(-1)).toBeLessThan(losses[0]);
  expect(await page.$$eval("canvas", (all) => all.filter((c) => c.width > 0).length)).toBeGreaterThan(30);
  expect(await barriers(page)).toEqual([]);
  await picture(page, "lenet-light", 1280, "light");
  await picture(page, "lenet-dark", 1280, "dark");
  expect(await barriers(page)).toEqual([]);
  await onPhone(page, "lenet-phone", "light");

  expect(await page.$eval("#inside-title", (e) => e.textContent)).toBe("Inside conv 5×5 6 × 28 × 28, layer 0");
  // The last layer says something of each class, by name.
  await page.$$eval(".chip", (all) => { all.at(-1)?.dispatchEvent(new Event("click")); });
  await page.waitForFunction(() => document.querySelectorAll(".outputs tbody tr").length === 10);
  expect(await page.$eval(".outputs tbody tr:last-child", (e) => e.textContent)).toMatch(/^Ankle boot−?\d+\.\d\d$/);
  expect(await page.$$eval(".outputs .most", (all) => all.length)).toBe(1);
  expect(await barriers(page)).toEqual([]);

  // What is drawn is taken for something; all steps go to a file.
  await page.$eval(".sketch", (e) => { e.scrollIntoView({ block: "center" }); });
  const { x, y, width } = (await (await page.$(".sketch"))!.boundingBox())!;
  const stroke = [[0.3, 0.2, "down"], [0.35, 0.8, undefined], [0.65, 0.8, undefined], [0.7, 0.2, "up"]] as const;
  for (const [dx, dy, act] of stroke) {
    await page.mouse.move(x + dx * width, y + dy * width);
    if (act) await page.mouse[act]();
  }
  await page.waitForFunction(() => document.querySelectorAll(".odds:not([hidden]) tbody tr").length === 10);
  const odds = await page.$$eval(".odds td", (all) => all.map((td) => parseFloat(td.textContent ?? "")));
  expect(odds.reduce((a, b) => a + b)).toBeCloseTo(100, 0);
  expect(odds).toEqual([...odds].sort((a, b) => b - a));
  const table = (await saved(page, "[aria-labelledby=runs-title] button")).toString();
  const [heads, ...lines] = table.trim().split("\n").map((line) => line.split(","));
  expect(heads.slice(0, 7)).toEqual([
    "run", "step", "loss", "smoothed_loss", "epoch", "training_accuracy", "test_accuracy",
  ]);
  expect(lines[0].slice(1, 3)).toEqual(["1", expect.stringMatching(/^\d\.\d+$/)]);
  expect(lines.find((row) => row[1] === "32")?.[4]).toBe("1");  // the end of the first epoch
  expect(lines.at(-1)).toHaveLength(heads.length);

  await press(page, "Reset");
  await until(page, "Ready");
  expect(await figure(page, "Step")).toBe("–");
  expect(new URL(page.url()).search).toMatch(/images=500.*seed=7/);
  await page.reload();
  await until(page, "Ready: 32 steps");
  expect(await page.$eval("#control-seed", (e) => (e as HTMLInputElement).value)).toBe("7");

  // The run before the reset was kept in the browser, and is resumed with its curve; until then it is among the
  // earlier ones.
  const earlier = () => page.$$eval("[aria-label=Runs] tbody tr", (all) => all.length);
  await page.waitForSelector(".notice.good");
  expect(await earlier()).toBe(2);
  const step = Number(/at step (\d+)/.exec(await page.$eval(".notice.good", (e) => e.textContent ?? ""))?.[1]);
  expect(step).toBeGreaterThan(31);
  await page.click(".notice.good button");
  await page.waitForFunction(() => !document.querySelector(".notice.good"));
  await until(page, `Restored at step ${step}, in epoch 2: `);
  expect(await figure(page, "Step")).toBe(`${step} / 160`);
  expect(Number(await figure(page, "Loss"))).toBeLessThan(first);
  expect(await earlier()).toBe(1);
  // All that is known of it is shown at once; its gradients are not kept.
  for (const [where, sign] of [[".inside", ","], [".judgement:not([hidden])", ":"]]) {
    await page.waitForFunction((w, s) => document.querySelector(w)?.textContent?.includes(s), {}, where,
      `After step ${step}${sign}`);
  }
  expect(await page.$eval(".histogram:last-child", (e) => e.textContent)).toMatch(/Take a step/);
  await page.keyboard.press(".");
  await page.waitForFunction((s) =>
    document.querySelector("[aria-label=Runs] tbody td")?.textContent === String(s + 1), {}, step);
  expect(Number(await figure(page, "Loss"))).toBeLessThan(first - 0.5);

  // A rate that changes on the way is told of beside the run.
  const rate = await page.$eval("#control-rate", (e) => e.getAttribute("aria-valuetext"));
  await page.evaluate(() => { dispatchEvent(new Event("pagehide")); });  // and comes back
  await page.focus("#control-rate");
  await page.keyboard.press("ArrowLeft");
  expect(await earlier()).toBe(1);
  await press(page, "Reset");
  await until(page, "Ready");
  const [, past] = await page.$$eval("[aria-label=Runs] tbody tr", (all) => all.map((e) => e.textContent));
  expect(past).toContain(`${rate} → `);
  // The charts name this run and an earlier one by what tells them apart.
  expect(await page.$$eval(".legend", (all) => all.map((e) => e.textContent)))
    .toEqual(Array(2).fill(expect.stringMatching(`^learning rate [\\d.]+:.*learning rate ${rate} → `)));
  expect(bad).toEqual([]);
  await page.close();
}, 150_000);

test("a page without WebGPU says so, and what to do", async () => {
  const { page, bad } = await open("lenet/", withoutWebGPU);
  await page.waitForSelector(".notice.bad");
  expect(await page.$eval(".notice.bad", (e) => e.textContent)).toMatch(/no WebGPU.*chrome:\/\/gpu/);
  expect(await status(page)).toBe("Training needs WebGPU.");
  expect(await page.$eval(".empty", (e) => e.textContent)).toBe(await status(page));
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  expect(await page.evaluate(() => document.activeElement?.tagName), "past the links").toBe("MAIN");
  expect(await barriers(page)).toEqual([]);
  // A value that means nothing is put back, and that is said.
  const seed = (value: string) => page.$eval("input#control-seed", (e, v) => {
    e.value = v;
    e.dispatchEvent(new Event("change"));
    return [e.value, e.nextElementSibling?.textContent];
  }, value);
  expect(await seed("-3")).toEqual(["1", "A whole number from 0 to 4,294,967,295; it stays 1."]);
  expect(await seed("5")).toEqual(["5", ""]);
  expect(new URL(page.url()).searchParams.get("seed")).toBe("5");
  await picture(page, "lenet-no-webgpu", 1280, "light");
  expect(bad).toEqual([]);
  await page.close();
}, 60_000);

test("a lost device is told of, and a restart goes on, or says why it cannot", async () => {
  const { page } = await open("lenet/?images=16&batch=16&epochs=50");
  await until(page, "Ready");
  await press(page, "Train");
  await page.waitForFunction(() => /Epoch([2-9]|\d\d) \//.test(document.querySelector(".figures")?.textContent ?? ""));
  await crashGpu();
  await page.waitForSelector(".notice.bad button");
  expect(await page.$eval(".notice.bad", (e) => e.textContent)).toMatch(/The device was lost/);
  await page.click(".notice.bad button");
  // This headless shell finds no adapter once its GPU process has crashed; a desktop browser starts another one.
  await page.waitForFunction(() =>
    /Epoch3 \//.test(document.querySelector(".figures")?.textContent ?? "")
    || /No device to train on/.test(document.querySelector(".notices")?.textContent ?? ""));
  await page.close();
}, 150_000);
