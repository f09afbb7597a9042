import { expect, test } from "vitest";
import { figure, open, picture, until, useSite } from "./page.js";

useSite();

/** Settings, and how high the first convolution's output is at that size. */
const families: Readonly<Record<string, readonly [settings: string, height: number]>> = {
  "lenet-bn": ["", 24], alexnet: ["size=96&width=0.125", 22], vgg: ["size=32&width=0.125&depth=13", 32], nin: ["size=96&width=0.125", 22],
  googlenet: ["size=64&width=0.125", 32], resnet: ["size=32&width=0.125&depth=18", 16], densenet: ["size=32&width=0.125", 16],
};

for (const [name, [settings, height]] of Object.entries(families)) test(`the page of ${name} takes two steps`, async () => {
  const { page, bad } = await open(`${name}/?images=500&batch=8&${settings}`);
  await until(page, "Ready: 63 steps");
  for (const step of [1, 2]) {
    await page.keyboard.press(".");
    await page.waitForFunction((s) => document.querySelector(".figures")?.textContent?.includes(`Step${s} / 63`), {}, step);
  }
  const loss = Number(await figure(page, "Loss"));
  expect(loss).toBeGreaterThan(0.5);
  expect(loss).toBeLessThan(20);
  // Predictions, filters, and feature maps of the first convolution.
  await page.waitForFunction(() => document.querySelectorAll(".guess:not(:empty)").length === 20 && document.querySelectorAll(".planes canvas").length > 2);
  expect(await page.$$eval(".planes", (all) => all.map((e) => e.children.length).every((n) => n > 0 && n <= 64))).toBe(true);
  const shown = Object.fromEntries(await page.$$eval(".controls select", (all) => all.map((e) => [e.id.replace("control-", ""), (e as HTMLSelectElement).value])));
  expect(shown).toMatchObject(Object.fromEntries(new URLSearchParams(settings)));
  expect(await page.$$eval("[aria-labelledby=maps-title] canvas", (all) => (all.at(-1) as HTMLCanvasElement).height)).toBe(height);
  await picture(page, name, 1280, "light");
  expect(bad).toEqual([]);
  await page.close();
}, 60_000);
