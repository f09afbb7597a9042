// Checkpoints that a visitor saves and brings.
import { readFileSync, writeFileSync } from "node:fs";
import type { Page } from "puppeteer-core";
import { expect, test } from "vitest";
import { writeSafetensors } from "../../src/index.js";
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
  for (const step of ["1 / 32", "2 / 32"]) { await press(page, "Step"); await at(page, step); }
  const whole = await saved(page, "[aria-labelledby=files-title] button");
  writeFileSync(file, whole);

  writeFileSync(`${artefacts}/short.safetensors`, whole.subarray(0, whole.length - 1000));
  await bring(page, `${artefacts}/short.safetensors`);
  await refused(page, "short.safetensors");
  expect(await status(page)).toMatch(/not opened/);
  const strange = writeSafetensors(new Map([["0.weight", { shape: [2, 3], data: new Float32Array(6) }]]));
  writeFileSync(`${artefacts}/other.safetensors`, strange);
  await bring(page, `${artefacts}/other.safetensors`);
  await refused(page, "other.safetensors holds 6 parameters, and this network has 61706");
  await press(page, "Step");
  await at(page, "3 / 32");
  expect(Number(await figure(page, "Loss"))).toBeGreaterThan(0);
  expect(await barriers(page)).toEqual([]);
  await page.close();

  const { page: other, bad: worse } = await open("lenet/?images=500&batch=64&seed=9&activation=sigmoid");
  await until(other, "Ready");
  await press(other, "Step");
  await at(other, "1 / 8");
  await bring(other, file);
  await until(other, "Restored at epoch 1, step 2: 32 steps an epoch, 500 training");
  const figures = [await figure(other, "Epoch"), await figure(other, "Step"), await figure(other, "Loss")];
  expect(figures).toEqual(["1 / 5", "2 / 32", "–"]);
  const settings = Object.fromEntries(new URL(other.url()).searchParams);
  expect(settings).toMatchObject({ images: "500", batch: "16", seed: "3", activation: "relu", rate: "0.05" });
  await press(other, "Step");
  await at(other, "3 / 32");
  expect(readFileSync(file).subarray(8, 4000).toString()).toContain("activation");
  expect([...bad, ...worse]).toEqual([]);
  await other.close();
}, 120_000);
