// Images that are dropped on a page become the same data set as in Node.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { fromFolder } from "../../src/node/folder.js";
import { bytes } from "../noise.js";
import { chromium } from "./chromium.js";

const { PNG } = createRequire(import.meta.url)("pngjs") as { PNG: { sync: { write(image: object): Buffer } } };
const png = (width: number, seed: number) => {
  const opaque = bytes(12 * width, seed).map((v, i) => i % 4 === 3 ? 255 : v);
  return PNG.sync.write({ width, height: 3, data: Buffer.from(opaque) });
};

test("PNG files in class folders: browser and Node agree to the byte, resized too; "
  + "a damaged one is named", async () => {
  const folder = mkdtempSync(join(tmpdir(), "convoy-drop-"));
  const files = Array.from({ length: 10 }, (_, i) =>
    ({ path: `set/${i % 2 ? "cat" : "dog"}/${i}.png`, bytes: png(4 + (i >> 3), i) }));
  for (const { path, bytes } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  const { outputFiles: [{ text }] } = await build({
    entryPoints: ["src/data/files.ts"], bundle: true, format: "iife", globalName: "convoy", write: false,
    logLevel: "error",
  });
  const { browser, close } = await chromium();
  try {
    const page = await browser.newPage();
    await page.evaluate(text.replace("var convoy =", "globalThis.convoy ="));
    const dropped = (given: readonly { path: string; bytes: Buffer }[]) => page.evaluate(async (all) => {
      const { convoy } = globalThis as unknown as { convoy: typeof import("../../src/data/files.js") };
      const list = all.map(({ path, base64 }) => {
        const file = new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], path);
        return Object.defineProperty(file, "webkitRelativePath", { value: path });
      });
      try {
        const { train, test, name } = await convoy.fromFiles(list, { size: [5, 4] });
        const halves = [train, test].map(({ images, labels, shape, classes }) =>
          ({ images: [...images], labels: [...labels], shape, classes }));
        return { name, halves };
      } catch (e) { return { error: String(e) }; }
    }, given.map(({ path, bytes }) => ({ path, base64: bytes.toString("base64") })));
    const { train, test: held, name } = await fromFolder(folder, { size: [5, 4] });
    const halves = [train, held].map(({ images, labels, shape, classes }) =>
      ({ images: [...images], labels: [...labels], shape, classes }));
    expect(await dropped(files)).toEqual({ name, halves });
    expect(await dropped([{ path: "set/cat/x.png", bytes: Buffer.from("no image") }])).toEqual({
      error: "FormatError: set/cat/x.png: the browser cannot unpack this image; "
        + "it is damaged, or of a format it does not know",
    });
  } finally {
    await close();
    rmSync(folder, { recursive: true });
  }
}, 60_000);
