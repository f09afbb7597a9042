// Checkpoints that a visitor saves and brings.
import { readFileSync, writeFileSync } from "node:fs";
import type { Page } from "puppeteer-core";
import { expect, test } from "vitest";
import { readSafetensors, writeSafetensors } from "../../src/index.js";
import { artefacts, barriers, figure, open, press, saved, status, until, upload, useSite } from "./page.js";

useSite();

const bring = (page: Page, path: string) => upload(page, "#checkpoint-file", path);
const refused = (page: Page, text: string) => page.waitForFunction((t) => {
  const problem = document.querySelector("[aria-labelledby=files-title] .problem:not([hidden])");
  return problem?.textContent?.includes(t);
}, {}, text);
const at = (page: Page, step: string) => page.waitForFunction((s) =>
  [...document.querySelectorAll(".figures div")].some((e) => e.textContent === `Step${s}`), {}, step);

test("a file that is none leaves the run alone; a checkpoint comes with its settings and its place", async () => {
  const { page, bad } = await open("lenet/?images=500&batch=16&seed=3&activation=relu&rate=0.05");
  const file = `${artefacts}/lenet-checkpoint.safetensors`;
  await until(page, "Ready");
  // A rate that is chosen while a run is being made is that run's.
  await page.$eval("input#control-rate", (e) => {
    [...document.querySelectorAll<HTMLElement>(".buttons button")].find((b) => b.textContent === "Reset")!.click();
    e.valueAsNumber--;
    e.dispatchEvent(new Event("input"));
  });
  await until(page, "Ready");
  for (const step of ["1 / 160", "2 / 160"]) { await press(page, "Step"); await at(page, step); }
  const whole = await saved(page, "[aria-labelledby=files-title] button");
  writeFileSync(file, whole);
  const { metadata } = readSafetensors(whole);
  expect([metadata.get("lr"), JSON.parse(metadata.get("settings")!)]).toMatchObject(["0.02", { rate: 0.02 }]);

  writeFileSync(`${artefacts}/short.safetensors`, whole.subarray(0, whole.length - 1000));
  await bring(page, `${artefacts}/short.safetensors`);
  await refused(page, "short.safetensors");
  expect(await status(page)).toMatch(/not opened/);
  const strange = writeSafetensors(new Map([["0.weight", { shape: [2, 3], data: new Float32Array(6) }]]));
  writeFileSync(`${artefacts}/other.safetensors`, strange);
  await bring(page, `${artefacts}/other.safetensors`);
  await refused(page, "other.safetensors holds 6 parameters, and this network has 61706");
  await page.evaluate(() => { File.prototype.arrayBuffer = () => Promise.reject(new Error("it is a folder")); });
  await bring(page, file);
  await refused(page, "It is a folder.");
  await press(page, "Step");
  await at(page, "3 / 160");
  expect(Number(await figure(page, "Loss"))).toBeGreaterThan(0);
  expect(await barriers(page)).toEqual([]);
  await page.close();

  const { page: other, bad: worse } = await open("lenet/?images=500&batch=64&seed=9&activation=sigmoid");
  await until(other, "Ready");
  await press(other, "Step");
  await at(other, "1 / 40");
  await bring(other, file);
  await until(other, "Restored at step 2, in epoch 1: 32 steps an epoch, 500 training");
  const figures = [await figure(other, "Epoch"), await figure(other, "Step"), await figure(other, "Loss")];
  expect(figures).toEqual(["1 / 5", "2 / 160", "–"]);
  const settings = Object.fromEntries(new URL(other.url()).searchParams);
  expect(settings).toMatchObject({ images: "500", batch: "16", seed: "3", activation: "relu", rate: "0.02" });
  await press(other, "Step");
  await at(other, "3 / 160");
  expect(readFileSync(file).subarray(8, 4000).toString()).toContain("activation");
  expect([...bad, ...worse]).toEqual([]);
  await other.close();
}, 120_000);

test("a run goes on after its end, and in its midst, as if it had had all epochs from the start", async () => {
  const { page, bad } = await open("lenet/?images=16&batch=8&epochs=2&seed=3&activation=relu&rate=0.05");
  const rows = () => page.$$eval("[aria-label=Runs] tbody tr", (all) => all.length);
  /** Weights, and all that was told of each step but when the run began. */
  const told = async () => [
    await saved(page, "[aria-labelledby=files-title] button", 1),
    (await saved(page, "[aria-labelledby=runs-title] button")).toString().split("\n")
      .slice(1, 13).map((line) => line.replace(/^[^,]*/, "")),
  ];
  await until(page, "Ready");
  const earlier = await rows();
  await press(page, "Train");
  // A press that was meant for "Pause" does nothing.
  await page.waitForFunction(() => {
    const ended = document.querySelector(".status")?.textContent?.startsWith("Finished");
    if (ended) document.querySelector<HTMLButtonElement>(".deck .main")?.click();
    return ended;
  });
  await page.waitForFunction(() => new Promise((done) => { setTimeout(() => { done(true); }, 800); }));
  expect(await status(page)).toMatch(/^Finished/);
  expect(await barriers(page)).toEqual([]);
  await page.$eval("input.more", (e) => { e.value = "1"; e.dispatchEvent(new Event("input")); });
  await press(page, "Train 1 more epoch");
  await page.waitForFunction(() => /Epoch3 \/ 3/.test(document.querySelector(".figures")?.textContent ?? ""));
  await until(page, "Finished");
  await page.$eval("input#control-epochs", (e) => { e.value = "6"; e.dispatchEvent(new Event("change")); });
  await until(page, "Restored at step 6, in epoch 4");
  await press(page, "Train");
  await until(page, "Finished");
  expect(await figure(page, "Epoch")).toBe("6 / 6");
  expect(new URL(page.url()).searchParams.get("epochs")).toBe("6");
  expect(await rows()).toBe(earlier);
  const parts = await told();
  await press(page, "Reset");
  await until(page, "Ready");
  await press(page, "Train");
  await until(page, "Finished");
  expect(await rows()).toBe(earlier + 1);
  expect(await told()).toEqual(parts);
  expect(bad).toEqual([]);
  await page.close();
}, 120_000);

test("a second tab leaves the run that the first one keeps alone, and is offered it when that is closed", async () => {
  const search = "?images=16&batch=16&epochs=1", kept = (page: Page) =>
    page.$eval("[aria-labelledby=files-title] > .soft", (e) => e.textContent);
  const trained = async (page: Page) => {
    await until(page, "Ready");
    await press(page, "Train");
    await until(page, "Finished");
    await page.waitForFunction(() =>
      !/^Nothing/.test(document.querySelector("[aria-labelledby=files-title] > .soft")?.textContent ?? ""));
  };
  const { page: first } = await open(`nin/${search}&seed=3&size=96&width=0.125`);
  await trained(first);
  expect(await kept(first)).toMatch(/^Kept in this browser at step 1, /);
  const { page: second } = await open(`nin/${search}&seed=4&size=96&width=0.125`);
  await trained(second);
  expect(await kept(second)).toMatch(/^Another tab keeps its own run/);
  const { page: third } = await open(`nin/${search}&seed=5&size=96&width=0.125`);
  await until(third, "Ready");
  expect(await third.$(".notice.good")).toBeNull();
  await first.close();
  await third.waitForSelector(".notice.good");
  await third.click(".notice.good button");
  await third.waitForFunction(() => /seed=3/.test(location.search));
  await until(third, "Finished");
  await second.close();
  await third.close();
}, 120_000);
