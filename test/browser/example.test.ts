// What the playground's editors are filled with, where something goes wrong on the way.
import { expect, test } from "vitest";
import { open, status, useSite } from "./page.js";
import { said } from "./playground.js";

useSite();

test("a damaged link is told of, and an example that does not come; of two, the one chosen last is shown", async () => {
  const { page } = await open("playground/#layer=x", (of) => of.evaluateOnNewDocument(() => {
    const own = fetch;
    globalThis.fetch = async (what) => {
      if (/pooling/.test(String(what))) await new Promise((done) => { setTimeout(done, 300); });
      return own(what);
    };
  }));
  await page.waitForFunction(() => location.search === "?example=swish");
  await said(page, "This link is damaged");
  await page.select("#example", "pooling");
  await page.select("#example", "depthwise");
  await said(page, "Depthwise");
  await new Promise((done) => { setTimeout(done, 800); });
  expect(await status(page)).toMatch(/^Depthwise/);
  await page.setOfflineMode(true);
  await page.select("#example", "swish");
  await said(page, "could not be read");
  expect(await page.$eval("#example", (e) => (e as HTMLSelectElement).value)).toBe("");
  await page.close();
}, 60_000);
