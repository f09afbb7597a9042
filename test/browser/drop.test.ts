// A data set of the visitor's own, chosen or dropped, trains in the page.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "puppeteer-core";
import { expect, test } from "vitest";
import { barriers, charted, open, picture, press, until, upload, useSite } from "./page.js";

useSite();

/** CIFAR-10's records, each class in a colour of its own. */
const cifar = (count: number) => Uint8Array.from({ length: 3073 * count }, (_, i) => {
  const label = Math.floor(i / 3073) % 10, at = i % 3073 - 1;
  return at < 0 ? label : 255 * (label >> Math.floor(at / 1024) & 1) ^ (label > 7 ? at & 127 : at & 15);
});
const text = (page: Page, what: string) => page.$eval(what, (e) => e.textContent);

test("LeNet goes over to CIFAR's files, learns them, refuses others by name, and goes back", async () => {
  const folder = mkdtempSync(join(tmpdir(), "convoy-drop-")), train = join(folder, "set/data_batch_1.bin");
  const held = join(folder, "set/test_batch.bin"), broken = join(folder, "cut_batch.bin");
  mkdirSync(join(folder, "set"));
  writeFileSync(train, cifar(20));
  writeFileSync(held, cifar(10));
  writeFileSync(broken, cifar(2).subarray(5));
  const { page, bad } = await open(
    "lenet/?images=500&batch=8&epochs=10&rate=0.05&momentum=0.9&activation=relu&first=kaiming&seed=1");
  try {
    await until(page, "Ready: 63 steps");
    expect(await text(page, ".using")).toBe("Fashion-MNIST");
    // An image that these files have no place for, and a drawing of another size.
    await page.$$eval(".tile", (all) => { (all[15] as HTMLElement).click(); });
    const pad = (await page.$(".sketch"))!;
    await pad.click();
    await page.waitForSelector(".odds:not([hidden]) tbody tr");
    // Read last, though it takes less time than what was chosen before.
    await page.$eval("#data-files", (e, bytes) => {
      for (const copies of [1000, 1]) {
        const chosen = new DataTransfer();
        chosen.items.add(new File(Array.from({ length: copies }, () => new Uint8Array(bytes)), "data_batch_2.bin"));
        (e as HTMLInputElement).files = chosen.files;
        e.dispatchEvent(new Event("change"));
      }
    }, [...cifar(10)]);
    await until(page, "Ready");
    await page.waitForFunction(() => new Promise((done) => { setTimeout(() => { done(true); }, 700); }));
    expect(await text(page, ".using")).toMatch(/^CIFAR-10, \d \+ \d images$/);
    await upload(page, "#data-folder", join(folder, "set"));
    await until(page, "Ready: 3 steps an epoch, 20 training and 10 test images.");
    expect(await text(page, ".using")).toBe("CIFAR-10, 20 + 10 images");
    expect(await text(page, ".data .soft"))
      .toBe("10 classes, 20 images to train on, 10 to test; colour, 32\u00a0×\u00a032.");
    const stray = await page.evaluate(() => {
      const dataTransfer = new DataTransfer(), options = { bubbles: true, cancelable: true, dataTransfer };
      dataTransfer.items.add(new File(["x"], "x.txt"));
      return !document.body.dispatchEvent(new DragEvent("drop", options));
    });
    expect(stray, "a file dropped beside a card leaves the page").toBe(true);
    await page.keyboard.press("Space");
    await until(page, "Finished");
    await page.waitForFunction(() =>
      document.querySelectorAll(".guess:not(:empty)").length === 10
      && /After step 30/.test(document.querySelector(".judgement")?.textContent ?? ""));
    const losses = await charted(page);
    expect(losses.length).toBeGreaterThan(10);
    expect(losses.slice(-3).reduce((a, b) => a + b / 3, 0), losses.join(" ")).toBeLessThan(losses[0] - 0.3);
    expect(await text(page, ".guess")).toMatch(/^[a-z]+ \d+\u00a0%$/);
    const height = await page.$eval("[aria-labelledby=maps-title] .planes canvas", (e) =>
      (e as HTMLCanvasElement).height);
    expect(height).toBe(32);
    const [r, g, b] = await page.$$eval(".tile canvas", (all) =>
      [...(all[1] as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, 1, 1).data]);
    expect([r, g, b]).toEqual([255, 0, 0]);  // label 1 is red
    expect(await barriers(page)).toEqual([]);
    await picture(page, "lenet-own-data", 1280, "light");

    await upload(page, "#data-files", broken);
    await page.waitForSelector(".problem:not([hidden])");
    expect(await text(page, ".problem")).toMatch(/^cut_batch\.bin: 6141 bytes are no whole number of records/);
    expect(await text(page, ".using")).toBe("CIFAR-10, 20 + 10 images");
    await press(page, "Reset");
    await until(page, "Ready: 3 steps");  // and trains on them still
    // What the run before was judged by is gone, and its place kept.
    expect(await text(page, ".judgement:not([hidden])")).not.toMatch(/After step/);
    expect(await page.$$eval(".confusion tbody tr, .mistakes li", (all) => all.length)).toBe(22);

    await page.click(".data .own-tools > button");
    await until(page, "Ready: 63 steps");
    expect(await text(page, ".using")).toBe("Fashion-MNIST");
    expect(await page.$eval(".problem", (e) => (e as HTMLElement).hidden)).toBe(true);
    expect(bad).toEqual([]);
  } finally {
    await page.close();
    rmSync(folder, { recursive: true });
  }
}, 150_000);
