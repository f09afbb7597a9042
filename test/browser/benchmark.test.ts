import { writeFileSync } from "node:fs";
import type { Page } from "puppeteer-core";
import { expect, test } from "vitest";
import {
  artefacts, barriers, figure, onPhone, open, picture, press, status, until, upload, useSite, withoutWebGPU,
} from "./page.js";

useSite();

/** What another device measured: one kernel, twice as slow. */
const other = {
  adapter: { name: "Another GPU" },
  roofline: { flops: 1e12, bandwidth: 1e11, dispatch: 1e-6, host: 1e-6, clock: "timestamps" },
  rows: [{
    operator: "linear", shape: "LeNet 3: 84→10, batch 64", pass: "forward", rung: "plain",
    time: { median: 0.5, low: 0.5, high: 0.5, best: 0.5 }, flops: 1e9, bandwidth: 1e9, fraction: 0.1,
  }],
};
async function bring(page: Page, report: object) {
  writeFileSync(`${artefacts}/report.json`, JSON.stringify(report));
  await upload(page, "#report-file", `${artefacts}/report.json`);
}

test("the benchmark measures adapter, kernels and a training step, keeps them and compares", async () => {
  const search = "?operator=linear&operator=relu&shape=LeNet+3&own=4-8-8-8-3-1-1-1&network=lenet&batch=4&rounds=3";
  const { page, bad } = await open(`benchmark/${search}`);
  await until(page, "Ready: ");
  expect(await page.$eval(".need", (e) => e.textContent)).toBe("2 shapes, every rung of each, and a step of lenet.");
  await page.keyboard.press("Space");
  await until(page, "Measuring");
  await until(page, "Done: ");
  for (const name of ["Peak GFLOP/s", "Copy GB/s", "Dispatch, µs"])
    expect(Number(await figure(page, name)), name).toBeGreaterThan(0);

  const rows = await page.$$eval(".rows tbody tr:not(:first-child)", (all) =>
    all.map((tr) => [...tr.children].map((cell) => cell.textContent ?? "")));
  expect(rows).toHaveLength(Number(await figure(page, "Kernels")));
  const passes = [["forward", 2], ["input gradient", 1], ["weight gradient", 1], ["backward", 1]] as const;
  for (const [pass, count] of passes)
    expect(rows.filter(([name]) => name.startsWith(`${pass} plain`)), pass).toHaveLength(count);
  for (const [name, ms, , flops, , , times, error] of rows) {
    for (const value of [ms, flops]) expect(Number(value), name).toBeGreaterThan(0);
    if (name.includes(" plain")) expect([times, error]).toEqual(["", ""]);
    else {
      expect(Number(times), name).toBeGreaterThan(0);
      expect(Number(error), name).toBeLessThan(1e-5);
    }
  }
  expect(await page.$$eval(".roofline .point", (all) => all.length)).toBe(rows.length);
  await page.click(".rows .row-name");
  expect(await page.$$eval(".point.on, .rows tr.on", (all) => all.length)).toBe(2);
  const readout = await page.$eval(".roof-readout", (e) => e.textContent);
  expect(readout).toMatch(/^linear LeNet 3: 84→10, batch 64, forward, \S+: .* ms, .* GFLOP\/s, .* % of the roofline$/);
  await page.click("#every");
  // Three passes of a convolution, two of a linear layer whose gradients are one dispatch, one rung each.
  expect(await page.$$eval(".roofline .point", (all) => all.length)).toBe(5);

  const step = await page.$eval("[aria-labelledby=step-title] > .soft", (e) => e.textContent);
  expect(step).toMatch(/^lenet, 28×28, batch 4: \d+ dispatches take .* images a second/);
  // From under the bar.
  await page.$eval("[aria-labelledby=step-title]", (e) => { e.scrollIntoView({ block: "center" }); });
  await page.click("[aria-labelledby=step-title] .disclosure");
  await page.waitForSelector("[aria-labelledby=step-title] tbody tr");
  const layers = await page.$$eval("[aria-labelledby=step-title] tbody tr", (all) =>
    all.map((tr) => [tr.children[0].textContent, tr.children[1].textContent]));
  for (const pass of ["forward", "weight gradient"]) expect(layers).toContainEqual(["0 conv2d", pass]);
  expect(await page.$$eval(".timeline .span", (all) => all.length)).toBe(layers.length);

  await bring(page, { ...other, rows: [{ ...other.rows[0], time: {} }] });
  await page.waitForFunction(() =>
    /row 1 is incomplete/.test(document.querySelector("[aria-labelledby=keep-title]")?.textContent ?? ""));
  await bring(page, other);
  await page.waitForSelector(".roof.other");
  expect(await page.$eval(".beside", (e) => e.textContent)).toMatch(
    /^Another GPU: 1,000 GFLOP\/s, 100 GB\/s, one kernel, by timestamps. Of 1 that both measured/);
  await page.click("#every");
  const beside = await page.$$eval(".rows tbody tr:not(:first-child)", (all) =>
    all.map((tr) => tr.children[8].textContent));
  expect(beside.filter((t) => t !== "–")).toEqual(["500"]);

  // As where a page may not write to it.
  await page.evaluate(() => { Object.defineProperty(navigator, "clipboard", { value: undefined }); });
  await page.$$eval("[aria-labelledby=keep-title] button", ([copy]) => { (copy as HTMLButtonElement).click(); });
  await page.waitForSelector("textarea:not([hidden])");
  const markdown = await page.$eval("textarea", (e) => e.value);
  const parts = [
    /^# /, /Roofline: .* GFLOP\/s/, /\| linear \| LeNet 3: 84→10, batch 64 \| forward \| plain/,
    /## A training step of lenet/, /## Beside Another GPU/,
  ];
  for (const part of parts) expect(markdown).toMatch(part);
  expect(new URL(page.url()).search).toBe(search);
  expect(await barriers(page)).toEqual([]);
  await picture(page, "benchmark-light", 1280, "light");
  await onPhone(page, "benchmark-phone", "dark");

  // A reload does not lose it.
  const kernels = await figure(page, "Kernels");
  await page.reload();
  await until(page, "Ready: ");
  expect(await figure(page, "Kernels")).toBe("–");
  expect(await page.$eval(".notice.good", (e) => e.textContent)).toMatch(
    new RegExp(`^Your last measurement, of \\d\\d:\\d\\dIt has ${kernels} kernels and a training step\\.`));
  expect(await barriers(page)).toEqual([]);
  await picture(page, "benchmark-last", 1280, "light");
  await page.click(".notice.good button");
  expect(await figure(page, "Kernels")).toBe(kernels);
  expect(await page.$eval("[aria-labelledby=step-title] > .soft", (e) => e.textContent)).toBe(step);
  expect(await page.$(".notice.good")).toBeNull();
  expect(bad).toEqual([]);
  await page.close();
}, 120_000);

test("a measurement stops at once, and the next begins on a new device", async () => {
  const { page, bad } = await open("benchmark/?operator=conv2d&shape=AlexNet&network=&rounds=15");
  await until(page, "Ready: ");
  await press(page, "Measure");
  await until(page, "Measuring ");
  await press(page, "Stop");
  expect(await status(page)).toBe("Stopped: 0 kernels measured.");
  expect(await page.$eval(".deck button", (e) => e.textContent)).toBe("Measure");
  expect(await barriers(page)).toEqual([]);
  expect(bad).toEqual([]);
  await page.close();
}, 120_000);

test("without WebGPU the page says so, and still opens reports", async () => {
  const { page, bad } = await open("benchmark/?own=4-2-8-8-5-1-0-1", withoutWebGPU);
  expect(await status(page)).toBe("Measuring needs WebGPU.");
  expect(await page.$eval(".need", (e) => e.textContent)).toMatch(
    /There is no such convolution: a 5×5 window does not fit an image of 2×2 padded by 0/);
  await bring(page, other);
  await page.waitForSelector(".beside:not([hidden])");
  expect(await page.$eval(".beside", (e) => e.textContent)).toMatch(/^Another GPU: 1,000 GFLOP\/s, 100 GB\/s/);
  // Its roof alone: nothing was measured here.
  expect(await page.$$eval(".roof", (all) => all.map((e) => e.getAttribute("class")))).toEqual(["roof other"]);
  expect(await barriers(page)).toEqual([]);
  expect(bad).toEqual([]);
  await page.close();
}, 60_000);
