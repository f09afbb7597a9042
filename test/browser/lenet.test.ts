import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "puppeteer-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { chromium, complaints, type Chromium } from "./chromium.js";
import { serve, type Server } from "./server.js";

const artefacts = "test/artefacts", axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
let site: Server, browser: Chromium;

beforeAll(async () => {
  mkdirSync(artefacts, { recursive: true });
  execFileSync(process.execPath, ["build.mjs", "--only", "pages", "--quiet"]);
  [site, browser] = await Promise.all([serve("site"), chromium()]);
}, 120_000);
afterAll(async () => { await browser?.close(); await site?.close(); });

async function open(path: string, before?: (page: Page) => Promise<unknown>): Promise<{ page: Page; bad: string[] }> {
  const page = await browser.browser.newPage(), bad = complaints(page);
  page.setDefaultTimeout(60_000);
  await page.setViewport({ width: 1280, height: 900 });
  await before?.(page);
  await page.goto(site.url + path, { waitUntil: "load" });
  return { page, bad };
}
/** What stands under a figure of the bar: "Loss", "Step", … */
const figure = (page: Page, name: string) => page.$$eval(".figures div", (all, want) => all.find((d) => d.firstElementChild?.textContent === want)?.lastElementChild?.textContent ?? "", name);
const status = (page: Page) => page.$eval(".status", (e) => e.textContent ?? "");
const until = (page: Page, text: string) => page.waitForFunction((t) => document.querySelector(".status")?.textContent?.startsWith(t), {}, text);
const press = (page: Page, label: string) => page.$$eval(".buttons button", (all, l) => { (all.find((b) => b.textContent === l) as HTMLButtonElement).click(); }, label);

/** A picture of the whole page. The window is made as tall as the page: the headless shell takes no larger picture than its window. */
async function picture(page: Page, name: string, width: number, scheme: "light" | "dark") {
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.setViewport({ width, height: 900 });
  await page.setViewport({ width, height: Math.min(6000, await page.evaluate(() => document.documentElement.scrollHeight)) });
  await page.waitForFunction(() => new Promise((done) => { setTimeout(() => { done(true); }, 400); }));
  await page.screenshot({ path: `${artefacts}/${name}.png`, captureBeyondViewport: false });
}

/** Serious and critical findings of axe-core. */
async function barriers(page: Page): Promise<string[]> {
  const source = (await import("node:fs")).readFileSync(axe, "utf8");
  await page.evaluate(source);  // over the protocol, past the page's own policy
  return page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> } }).axe.run();
    return violations.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
  });
}

test("LeNet trains in the page, by keyboard", async () => {
  const { page, bad } = await open("lenet/?images=1000&batch=16&rate=0.02&seed=7");
  await until(page, "Ready");
  expect(await figure(page, "Step")).toBe("–");
  await page.keyboard.press(".");
  await page.waitForFunction(() => /1 \/ 63/.test(document.querySelector(".figures")?.textContent ?? ""));
  const first = Number(await figure(page, "Loss"));
  expect(first).toBeGreaterThan(1.9);
  await page.keyboard.press("Space");
  await page.waitForFunction(() => /Epoch2 \//.test(document.querySelector(".figures")?.textContent ?? ""));
  await page.keyboard.press("Space");
  await until(page, "Paused");
  expect(Number(await figure(page, "Loss"))).toBeLessThan(first - 0.5);
  expect(Number((await figure(page, "Images/s")).replace(",", ""))).toBeGreaterThan(10);
  expect(await figure(page, "Test accuracy")).toMatch(/^[4-9]\d\.\d %$/);

  await page.click(".chart .disclosure");
  const losses = await page.$$eval(".chart:first-child tbody td:nth-child(2)", (all) => all.map((td) => Number(td.textContent)));
  expect(losses.length).toBeGreaterThan(10);
  expect(losses.at(-1)).toBeLessThan(losses[0]);
  expect(await page.$$eval("canvas", (all) => all.filter((c) => c.width > 0).length)).toBeGreaterThan(30);
  expect(await barriers(page)).toEqual([]);
  await picture(page, "lenet-light", 1280, "light");
  await picture(page, "lenet-dark", 1280, "dark");
  expect(await barriers(page)).toEqual([]);
  await picture(page, "lenet-phone", 390, "light");

  await press(page, "Reset");
  await until(page, "Ready");
  expect(await figure(page, "Step")).toBe("–");
  expect(new URL(page.url()).search).toMatch(/images=1000.*seed=7/);
  await page.reload();
  await until(page, "Ready: 63 steps");
  expect(await page.$eval("#control-seed", (e) => (e as HTMLInputElement).value)).toBe("7");
  expect(bad).toEqual([]);
  await page.close();
}, 150_000);

test("a page without WebGPU says so, and what to do", async () => {
  const { page, bad } = await open("lenet/", (p) => p.evaluateOnNewDocument(() => { delete (Navigator.prototype as { gpu?: GPU }).gpu; }));
  await page.waitForSelector(".notice.bad");
  expect(await page.$eval(".notice.bad", (e) => e.textContent)).toMatch(/no WebGPU.*chrome:\/\/gpu/);
  expect(await status(page)).toBe("Training needs WebGPU.");
  expect(await barriers(page)).toEqual([]);
  await picture(page, "lenet-no-webgpu", 1280, "light");
  expect(bad).toEqual([]);
  await page.close();
}, 60_000);

test("the gallery leads to every network", async () => {
  const { page, bad } = await open("");
  await page.waitForFunction(() => /dispatches/.test(document.body.textContent ?? ""));
  const links = await page.$$eval("a[href$='/']", (all) => all.map((a) => (a as HTMLAnchorElement).href));
  for (const link of links) expect((await fetch(link)).status, link).toBe(200);
  expect(links).toContain(`${site.url}lenet/`);
  expect(await barriers(page)).toEqual([]);
  await picture(page, "gallery", 1280, "light");
  expect(bad).toEqual([]);
  await page.close();
}, 60_000);

test("a lost device is told of, and a restart goes on, or says why it cannot", async () => {
  const { page } = await open("lenet/?images=500&batch=16");
  await until(page, "Ready");
  await press(page, "Train");
  await page.waitForFunction(() => /Epoch2 \//.test(document.querySelector(".figures")?.textContent ?? ""));
  const cdp = await browser.browser.target().createCDPSession();
  await cdp.send("Browser.crashGpuProcess" as never).catch(() => {});
  await page.waitForSelector(".notice.bad button");
  expect(await page.$eval(".notice.bad", (e) => e.textContent)).toMatch(/The device was lost/);
  await page.click(".notice.bad button");
  // This headless shell finds no adapter once its GPU process has crashed; a desktop browser starts another one.
  await page.waitForFunction(() => /Epoch3 \//.test(document.querySelector(".figures")?.textContent ?? "") || /No device to train on/.test(document.querySelector(".notices")?.textContent ?? ""));
  await page.close();
}, 150_000);
