// What the tests of the pages share: the site, a browser, and how to ask a page.
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { ElementHandle, Page } from "puppeteer-core";
import { afterAll, beforeAll, expect } from "vitest";
import { chromium, complaints, type Chromium } from "./chromium.js";
import { serve, type Server } from "./server.js";

export const artefacts = "test/artefacts", axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const [, policy] = /"(default-src 'none'[^"]*)"/.exec(readFileSync("examples/index.html", "utf8"))!;
export let site: Server, browser: Chromium;

/**
 * The policy that every page bears in its head, as a header too, so that workers, which heads do not reach, keep it;
 * the playground's makes functions of what is typed in.
 */
export const strict = (path: string) => path === "/playground/worker.js"
  ? policy.replace("script-src 'self'", "script-src 'self' 'unsafe-eval'") : policy;

/** Serves the site, and starts a browser, for all tests of a file. */
export function useSite(): void {
  beforeAll(async () => {
    mkdirSync(artefacts, { recursive: true });
    [site, browser] = await Promise.all([serve("site", strict), chromium()]);
  }, 120_000);
  afterAll(async () => { await browser?.close(); await site?.close(); });
}

/** Opens a page of the site; `bad` fills with what it complains of. */
export async function open(
  path: string, before?: (page: Page) => Promise<unknown>,
): Promise<{ page: Page; bad: string[] }> {
  const page = await browser.browser.newPage(), bad = await complaints(page);
  page.setDefaultTimeout(60_000);
  await page.setViewport({ width: 1280, height: 900 });
  await before?.(page);
  await page.goto(site.url + path, { waitUntil: "load" });
  return { page, bad };
}
/** To open a page as a browser without WebGPU would. */
export const withoutWebGPU = (page: Page) => page.evaluateOnNewDocument(() => {
  delete (Navigator.prototype as { gpu?: GPU }).gpu;
});

/** What stands under a figure of the bar: "Loss", "Step", … */
export const figure = (page: Page, name: string) => page.$$eval(".figures div", (all, want) =>
  all.find((d) => d.firstElementChild?.textContent === want)?.lastElementChild?.textContent ?? "", name);
export const status = (page: Page) => page.$eval(".status", (e) => e.textContent ?? "");
/** Waits for a status that begins so. */
export const until = (page: Page, text: string) => page.waitForFunction((t) =>
  document.querySelector(".status")?.textContent?.startsWith(t), {}, text);
export const press = (page: Page, label: string) => page.$$eval(".buttons button", (all, l) => {
  (all.find((b) => b.textContent === l) as HTMLButtonElement).click();
}, label);
/** Opens the table of the first chart, and reads its losses. */
export async function charted(page: Page): Promise<number[]> {
  await page.click(".chart .disclosure");
  return page.$$eval(".chart:first-child tbody td:nth-child(2)", (all) => all.map((td) => Number(td.textContent)));
}

/**
 * A picture of the whole page. The window is made as tall as the page: the headless shell takes no larger picture
 * than its window.
 */
export async function picture(page: Page, name: string, width: number, scheme: "light" | "dark") {
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.setViewport({ width, height: 900 });
  const tall = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewport({ width, height: Math.min(6000, tall) });
  await page.waitForFunction(() => new Promise((done) => { setTimeout(() => { done(true); }, 400); }));
  await page.screenshot({ path: `${artefacts}/${name}.png`, captureBeyondViewport: false, optimizeForSpeed: true });
}

/** A picture as a phone shows the page, which is no wider; then the window is wide again. */
export async function onPhone(page: Page, name: string, scheme: "light" | "dark") {
  await picture(page, name, 390, scheme);
  expect(await page.evaluate(() => document.documentElement.scrollWidth), "width of the page").toBe(390);
  await page.setViewport({ width: 1280, height: 900 });
}

/** Gives a page a file of this machine's. */
export const upload = async (page: Page, input: string, path: string) =>
  (await page.$(input) as ElementHandle<HTMLInputElement>).uploadFile(path);

/** Presses the first of these buttons, and gives the file that the page saves. */
export async function saved(page: Page, button: string, index = 0): Promise<Buffer> {
  await page.evaluate(() => {
    const { createObjectURL } = URL;
    delete document.body.dataset.saved;
    URL.createObjectURL = (blob) => {
      const reader = new FileReader();
      reader.onload = () => { document.body.dataset.saved = String(reader.result).split(",")[1]; };
      reader.readAsDataURL(blob as Blob);
      return (URL.createObjectURL = createObjectURL)(blob);
    };
  });
  await page.$$eval(button, (all, i) => { (all[i] as HTMLButtonElement).click(); }, index);
  await page.waitForFunction(() => document.body.dataset.saved);
  return Buffer.from(await page.$eval("body", (e) => e.dataset.saved!), "base64");
}

/** Takes the GPU away from all pages. */
export async function crashGpu() {
  const cdp = await browser.browser.target().createCDPSession();
  await cdp.send("Browser.crashGpuProcess" as never).catch(() => {});
}

interface Axe {
  run(options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
}
/** Findings of axe-core. */
export async function barriers(page: Page): Promise<string[]> {
  const source = readFileSync(axe, "utf8");
  await page.evaluate(source);  // over the protocol, past the page's own policy
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: Axe };
    const { violations } = await axe.run({ resultTypes: ["violations"] });
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
  });
}
