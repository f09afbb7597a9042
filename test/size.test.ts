import { readFileSync, readdirSync } from "node:fs";
import { relative } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";
import type { Kernel } from "../src/gpu/kernel.js";

/** What a page downloads, in bytes, before its first step: the code minified by esbuild and gzipped, as servers send it. What measures rungs comes later, if at all. */
async function bytes(code: string): Promise<number> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: ".", loader: "ts" }, write: false, bundle: true, minify: true, format: "esm", target: "es2022", splitting: true, outdir: ".", metafile: true,
    alias: { "convoy-gpu": "./src/index.ts", "convoy-gpu/data": "./src/data/index.ts", "convoy-gpu/models": "./models/index.ts" }, logLevel: "error",
  });
  const needed = new Set<string>(), need = (path: string) => {
    needed.add(path);
    for (const { path: next, kind } of metafile.outputs[path].imports) if (kind === "import-statement" && !needed.has(next)) need(next);
  };
  need(Object.keys(metafile.outputs).find((path) => metafile.outputs[path].entryPoint)!);
  return outputFiles.filter(({ path }) => needed.has(relative(".", path))).reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0);
}

const lenet = `
  import { openDevice, sgd, train } from "convoy-gpu";
  import { fashionMnist } from "convoy-gpu/data";
  import { lenet } from "convoy-gpu/models";
  await (await train(lenet(), { device: await openDevice(), data: await fashionMnist(), batch: 64, epochs: 1, optimizer: sgd({ lr: 0.1 }) })).finish();`;

test("a page pays for what it uses: LeNet in 45 KiB, all of the core in 60 kB", async () => {
  const sizes = { lenet: await bytes(lenet), core: await bytes('export * from "convoy-gpu";'), error: await bytes('import { ShapeError } from "convoy-gpu"; throw new ShapeError("");') };
  console.log(Object.entries(sizes).map(([name, size]) => `${name} ${(size / 1000).toFixed(1)} kB`).join(", "));
  expect(sizes.lenet, "LeNet").toBeLessThanOrEqual(45 * 1024);
  expect(sizes.core, "the core").toBeLessThanOrEqual(60_000);
  expect(sizes.error, "one class of errors, which needs nothing else").toBeLessThan(1_000);
});

test("bundled shaders have no comments and few spaces, and every line where its source has it", async () => {
  const words = (text: string) => text.replace(/\/\/(?! tune$).*/gm, "").split("\n").map((line) => line.match(/\w+|[^\w\s]/g)?.join(" "));
  for (const name of readdirSync("shaders").flatMap((file) => file.endsWith(".wgsl") ? [file.slice(0, -5)] : [])) {
    const source = readFileSync(`shaders/${name}.wgsl`, "utf8"), [{ code }] = Object.values(await import(`../src/generated/${name}.ts`) as Record<string, Kernel>);
    expect(code.replace(/\/\/ (tune|#import \w+)$/gm, ""), name).not.toMatch(/\/\/|^ /m);
    if (!/#import/m.test(source)) expect(words(code), name).toEqual(words(source));  // others have text pasted into them
  }
});
