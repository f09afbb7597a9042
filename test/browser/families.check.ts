import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { barriers, charted, open, picture, until, useSite } from "./page.js";

useSite();

type Family = readonly [settings: string, height: number, regions: number, golden: string];
/**
 * Settings, how high the first convolution's output is at that size, regions of the diagram,
 * and a training of PyTorch's.
 */
const families: Readonly<Record<string, Family>> = {
  "lenet-bn": ["", 24, 0, "lenet-bn"],
  alexnet: ["size=96&width=0.125&rate=0.01", 22, 0, "alexnet-quarter-96"],
  vgg: ["size=32&width=0.125&depth=11&rate=0.01", 32, 0, "vgg11-eighth-32"],
  nin: ["size=96&width=0.125", 22, 0, "nin-quarter"],
  googlenet: ["size=64&width=0.125", 32, 9, "googlenet-eighth"],
  resnet: ["size=32&width=0.125&depth=18", 16, 8, "resnet18-eighth-64"],
  densenet: ["size=32&width=0.25", 16, 16, "densenet-quarter-64"],
};

/**
 * Five looks at one batch, with momentum. PyTorch's golden trainings are the same experiment: four steps on one batch,
 * without momentum. In as many steps the loss must fall by as much at least as PyTorch's fell.
 */
test.each(Object.entries(families))("the page of %s trains", async (name, [settings, height, regions, golden]) => {
  const { page, bad } = await open(`${name}/?images=16&batch=16&epochs=5&${settings}`);
  await until(page, "Ready: 1 steps");
  expect(await page.$$eval(".region", (all) => all.length)).toBe(regions);
  await page.keyboard.press("Space");
  await until(page, "Finished");
  const losses = await charted(page), reference = readFileSync(`test/golden/model-${golden}.json`, "utf8");
  const { losses: torch } = JSON.parse(reference) as { losses: number[] };
  expect(losses).toHaveLength(5);
  expect(losses[0] - losses[4], losses.join(" ")).toBeGreaterThan(torch[0] - torch[4]);

  // Predictions, feature maps of the first convolution, gradients of the last step, judgement.
  await page.waitForFunction(() =>
    document.querySelectorAll(".guess:not(:empty)").length === 20
    && /After step 5/.test(document.querySelector(".inside")?.textContent ?? "")
    && /After step 5/.test(document.querySelector(".judgement")?.textContent ?? ""));
  const tall = await page.$$eval("[aria-labelledby=maps-title] canvas", (all) =>
    (all.at(-1) as HTMLCanvasElement).height);
  expect(tall).toBe(height);
  const histograms = await page.$$eval(".histogram", (all) =>
    all.filter((e) => e.querySelectorAll(".bars span").length === 48).length);
  expect(histograms).toBe(3);
  const judged = await page.$$eval(".confusion td:not(.rate)", (all) => all.map((e) => Number(e.textContent)));
  expect(judged.reduce((a, b) => a + b)).toBe(16);
  const shown = await page.$$eval(".fields select", (all) =>
    all.map((e) => [e.id.replace("control-", ""), (e as HTMLSelectElement).value]));
  const asked = [...new URLSearchParams(settings)].filter(([key]) => key !== "rate");
  expect(Object.fromEntries(shown)).toMatchObject(Object.fromEntries(asked));
  expect(await barriers(page)).toEqual([]);
  if (name === "resnet") await picture(page, name, 1280, "light");
  expect(bad).toEqual([]);
  await page.close();
}, 120_000);
