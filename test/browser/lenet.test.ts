import { expect, test } from "vitest";
import { lenet } from "../../models/index.js";
import { tensor } from "../../src/gpu/recorder.js";
import { crossEntropy } from "../../src/losses/crossEntropy.js";
import { sgd } from "../../src/optimizers/sgd.js";
import { passOf } from "../../src/profile/cost.js";
import { control, describe, RING, training } from "../../src/train/network.js";
import { barriers, browser, figure, open, picture, press, site, status, until, useSite } from "./page.js";

useSite();

test("LeNet trains in the page, by keyboard", async () => {
  const { page, bad } = await open("lenet/?images=500&batch=16&rate=0.05&seed=7");
  await until(page, "Ready");
  expect(await figure(page, "Step")).toBe("–");
  await page.keyboard.press(".");
  await page.waitForFunction(() => /1 \/ 32/.test(document.querySelector(".figures")?.textContent ?? ""));
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
  await page.setViewport({ width: 1280, height: 900 });

  // What is drawn is taken for something; all steps go to a file.
  await page.$eval(".sketch", (e) => { e.scrollIntoView({ block: "center" }); });
  const { x, y, width } = (await (await page.$(".sketch"))!.boundingBox())!;
  for (const [dx, dy, act] of [[0.3, 0.2, "down"], [0.35, 0.8, undefined], [0.65, 0.8, undefined], [0.7, 0.2, "up"]] as const) { await page.mouse.move(x + dx * width, y + dy * width); if (act) await page.mouse[act](); }
  await page.waitForFunction(() => document.querySelectorAll(".odds:not([hidden]) tbody tr").length === 10);
  const odds = await page.$$eval(".odds td", (all) => all.map((td) => parseFloat(td.textContent ?? "")));
  expect(odds.reduce((a, b) => a + b)).toBeCloseTo(100, 0);
  expect(odds).toEqual([...odds].sort((a, b) => b - a));
  await page.evaluate(() => { const { createObjectURL } = URL; URL.createObjectURL = (blob) => { void (blob as Blob).text().then((t) => { document.body.dataset.saved = t; }); return createObjectURL(blob); }; });
  await page.$$eval("[aria-labelledby=runs-title] button", ([csv]) => { (csv as HTMLButtonElement).click(); });
  await page.waitForFunction(() => document.body.dataset.saved);
  const [heads, ...saved] = (await page.$eval("body", (e) => e.dataset.saved!)).trim().split("\n").map((line) => line.split(","));
  expect(heads.slice(0, 7)).toEqual(["run", "step", "loss", "smoothed_loss", "epoch", "training_accuracy", "test_accuracy"]);
  expect(saved[0].slice(1, 3)).toEqual(["1", expect.stringMatching(/^\d\.\d+$/)]);
  expect(saved.find((row) => row[1] === "32")?.[4]).toBe("1");  // the end of the first epoch
  expect(saved.at(-1)).toHaveLength(heads.length);

  await press(page, "Reset");
  await until(page, "Ready");
  expect(await figure(page, "Step")).toBe("–");
  expect(new URL(page.url()).search).toMatch(/images=500.*seed=7/);
  await page.reload();
  await until(page, "Ready: 32 steps");
  expect(await page.$eval("#control-seed", (e) => (e as HTMLInputElement).value)).toBe("7");

  // The run before the reset was kept in the browser, and is resumed with its curve; until then it is among the earlier ones.
  const earlier = () => page.$$eval("[aria-label=Runs] tbody tr", (all) => all.length);
  await page.waitForSelector(".notice.good");
  expect(await earlier()).toBe(2);
  const step = Number(/at step (\d+)/.exec(await page.$eval(".notice.good", (e) => e.textContent ?? ""))?.[1]);
  expect(step).toBeGreaterThan(31);
  await page.click(".notice.good button");
  await page.waitForFunction(() => !document.querySelector(".notice.good"));
  await until(page, "Restored at epoch 2, step ");
  expect(await figure(page, "Step")).toBe(`${step - 32} / 32`);
  expect(await earlier()).toBe(1);
  await page.keyboard.press(".");
  await page.waitForFunction((s) => document.querySelector("[aria-label=Runs] tbody td")?.textContent === String(s + 1), {}, step);
  expect(Number(await figure(page, "Loss"))).toBeLessThan(first - 0.5);
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
  for (const name of ["lenet", "lenet-bn", "alexnet", "vgg", "nin", "googlenet", "resnet", "densenet", "convolution", "benchmark", "playground"]) expect(links).toContain(`${site.url}${name}/`);
  expect(await page.$$eval(".silhouette", (all) => all.filter((e) => !e.children.length || e.scrollWidth > e.clientWidth).length)).toBe(0);
  // The blocks of the step, as a GPU's recording has them.
  const net = describe(lenet(), [1, 28, 28], Infinity), source = { shape: net.input, streamed: false, images: tensor("images", [1]), classes: tensor("labels", [1]), levels: tensor("levels", [1, 2]) };
  const { steps } = training({ network: net, batch: 256, loss: crossEntropy(), control: control(256), ring: tensor("ring", [RING, 4]), source, optimizer: sgd({ lr: 0.9 }), states: net.learned.map(() => ({})) });
  const kinds = steps.map((step) => /^cross_entropy/.test(step.kernel.entry) || passOf(step) === "update" ? "turn" : passOf(step) === "forward" ? "" : "back");
  expect(await page.$$eval(".convoy span", (all) => all.map((e) => e.className))).toEqual(kinds);
  expect(await barriers(page)).toEqual([]);
  await picture(page, "gallery", 1280, "light");
  expect(bad).toEqual([]);
  // A breach of the policy is a complaint.
  await page.evaluate(() => { document.body.setAttribute("style", "color: red"); new Image().src = "https://example.org/"; });
  await page.waitForFunction(() => new Promise((done) => { setTimeout(() => { done(true); }, 200); }));
  expect(bad.join("\n")).toMatch(/policy: style-src-attr forbids.*\n(.*\n)*.*policy: img-src forbids/);
  await page.close();
}, 60_000);

test("a lost device is told of, and a restart goes on, or says why it cannot", async () => {
  const { page } = await open("lenet/?images=16&batch=16&epochs=50");
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
