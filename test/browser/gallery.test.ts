import { expect, test } from "vitest";
import { lenet } from "../../models/index.js";
import { tensor } from "../../src/gpu/recorder.js";
import { crossEntropy } from "../../src/losses/crossEntropy.js";
import { sgd } from "../../src/optimizers/sgd.js";
import { passOf } from "../../src/profile/cost.js";
import { control, RING } from "../../src/train/control.js";
import { describe } from "../../src/train/network.js";
import { training } from "../../src/train/programs.js";
import { barriers, open, picture, site, useSite } from "./page.js";

useSite();

test("the gallery leads to every network", async () => {
  const { page, bad } = await open("");
  await page.waitForFunction(() => /dispatches/.test(document.body.textContent ?? ""));
  const links = await page.$$eval("a[href$='/']", (all) => all.map((a) => (a as HTMLAnchorElement).href));
  for (const link of links) expect((await fetch(link)).status, link).toBe(200);
  const names = [
    "lenet", "lenet-bn", "alexnet", "vgg", "nin", "googlenet", "resnet", "densenet",
    "convolution", "benchmark", "playground",
  ];
  for (const name of names) expect(links).toContain(`${site.url}${name}/`);
  const fits = await page.$$eval(".silhouette", (all) =>
    all.map((e) => e.children.length > 0 && e.scrollWidth <= e.clientWidth));
  expect(fits).toEqual(Array(names.length).fill(true));
  // The blocks of the step, as a GPU's recording has them.
  const net = describe(lenet(), [1, 28, 28], Infinity), source = {
    shape: net.input, streamed: false, images: tensor("images", [1]), classes: tensor("labels", [1]),
    levels: tensor("levels", [1, 2]),
  };
  const { steps } = training({
    network: net, batch: 256, loss: crossEntropy(), control: control(256), ring: tensor("ring", [RING, 4]), source,
    optimizer: sgd({ lr: 0.9 }), states: net.learned.map(() => ({})),
  });
  const kinds = steps.map((step) => {
    if (/^cross_entropy/.test(step.kernel.entry) || passOf(step) === "update") return "turn";
    return passOf(step) === "forward" ? "" : "back";
  });
  expect(await page.$$eval(".convoy span", (all) => all.map((e) => e.className))).toEqual(kinds);
  expect(await barriers(page)).toEqual([]);
  await picture(page, "gallery", 1280, "light");
  expect(bad).toEqual([]);
  // A breach of the policy is a complaint, and a picture that nobody describes a barrier.
  await page.evaluate(() => {
    document.body.setAttribute("style", "color: red");
    new Image().src = "https://example.org/";
  });
  await page.waitForFunction(() => new Promise((done) => { setTimeout(() => { done(true); }, 200); }));
  await page.evaluate(() => { document.querySelector("main")!.append(new Image(9, 9)); });
  expect(await barriers(page)).toEqual([expect.stringMatching(/^image-alt: /)]);
  expect(bad.join("\n")).toMatch(/policy: style-src-attr forbids.*\n(.*\n)*.*policy: img-src forbids/);
  await page.close();
}, 60_000);
