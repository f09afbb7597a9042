// How the tests of the playground type into it, and what they ask it.
import type { KeyInput, Page } from "puppeteer-core";
import { press, site } from "./page.js";

export const said = (page: Page, text: string) => page.waitForFunction((t) =>
  document.querySelector(".status")?.textContent?.includes(t), {}, text);
/** Presses a button, and waits until it is done. */
export async function does(page: Page, action: string) {
  await press(page, action);
  await said(page, `${action}: done`);
}
/** Presses the first button by Enter, and waits until it is done. Gives what had the focus. */
export async function byKeyboard(page: Page, action: string): Promise<string[]> {
  const list = await page.evaluateHandle(() => {
    const had: string[] = [];
    addEventListener("focusin", ({ target }) => { had.push((target as HTMLElement).textContent ?? ""); });
    return had;
  });
  await page.focus(".deck .main");
  await page.keyboard.press("Enter");
  await said(page, `${action}: done`);
  return list.jsonValue();
}
export const problems = (page: Page) => page.$$eval(".problems li", (all) => all.map((e) => e.textContent));

/** The titles of what an action has found. */
export const outcome = (page: Page) => page.$$eval(".outcome > :not([hidden]) > h2", (all) =>
  all.map((e) => e.textContent));

/** What holds an editor's text: 0 the shader's, 1 the layer's. */
export const editor = (page: Page, which: number) => page.evaluateHandle((n) =>
  document.querySelectorAll(".editor")[n].shadowRoot!.querySelector<HTMLElement>(".cm-content")!, which);

/** Presses keys while Control is down. */
export async function controlled(page: Page, ...keys: readonly KeyInput[]) {
  await page.keyboard.down("Control");
  for (const key of keys) await page.keyboard.press(key);
  await page.keyboard.up("Control");
}

/** Adds to the end of an editor's text. */
export async function type(page: Page, which: number, text: string) {
  await (await editor(page, which)).click();
  await controlled(page, "End");
  await page.keyboard.sendCharacter(text);
}

/** Puts text into an editor. */
export async function write(page: Page, which: number, text: string) {
  await (await editor(page, which)).click();
  await controlled(page, "KeyA");
  await page.keyboard.press("Backspace");
  await page.keyboard.sendCharacter(text);
}

/** Puts text into an editor, and runs it. */
export async function attempt(page: Page, which: number, text: string) {
  await write(page, which, text);
  await press(page, "Run");
}

/** Runs an example with a fault in it, or does something else with it. */
export async function faulty(page: Page, example: string, from: string, to: string, action = "Run") {
  await page.select("#example", "");
  await page.select("#example", example);
  await said(page, "an example");
  await write(page, 0, (await (await fetch(`${site.url}playground/layers/${example}.wgsl`)).text()).replace(from, to));
  await press(page, action);
}

/** How many places of the shader are underlined: as an error, or as a warning, which a hint is. */
export const underlined = (page: Page, as: "error" | "warning") => page.evaluate((s) =>
  document.querySelector(".editor")!.shadowRoot!.querySelectorAll(`.cm-lintRange-${s}`).length, as);

/** Keeps the longest time that the page was held up, in milliseconds. */
export const watchful = (page: Page) => page.evaluateOnNewDocument(() => {
  const held = globalThis as unknown as { longest: number };
  held.longest = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) held.longest = Math.max(held.longest, duration);
  }).observe({ type: "longtask" });
});
export const longest = (page: Page) => page.evaluate(() => (globalThis as unknown as { longest: number }).longest);
/** Holds a page up, and waits until the watch has seen it. */
export async function held(page: Page, ms: number) {
  await page.evaluate((ms) => {
    setTimeout(() => { for (const end = performance.now() + ms; performance.now() < end;); });
  }, ms);
  await page.waitForFunction((ms) => (globalThis as unknown as { longest: number }).longest >= ms, {}, ms);
}

/** Of each map of errors, how many elements were not looked at, which are no errors of 0: their pixels are open. */
export const unseen = (page: Page) => page.$$eval("[aria-labelledby=gradients-title] .tensor", (all) => all.map((e) =>
  [...e.querySelectorAll<HTMLCanvasElement>(".planes canvas")].flatMap((canvas) => [...canvas.getContext("2d")!
    .getImageData(0, 0, canvas.width, canvas.height).data].filter((v, i) => i % 4 === 3 && !v)).length));
