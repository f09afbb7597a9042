import { readFileSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import type { Kernel } from "../src/gpu/kernel.js";
import { bytes, lenet } from "./bytes.js";
import { words } from "./words.js";

test("a page pays for what it uses: LeNet in 48.8 kB, all of the core in 64.3", async () => {
  const sizes = {
    lenet: await bytes(lenet),
    core: await bytes('export * from "convoy-gpu";'),
    error: await bytes('import { ShapeError } from "convoy-gpu"; throw new ShapeError("");'),
  };
  console.log(Object.entries(sizes).map(([name, size]) => `${name} ${(size / 1000).toFixed(1)} kB`).join(", "));
  expect(sizes.lenet, "LeNet").toBeLessThanOrEqual(48_800);
  expect(sizes.core, "the core").toBeLessThanOrEqual(64_300);
  expect(sizes.error, "one class of errors, which needs nothing else").toBeLessThan(1_000);
});

test("bundled shaders have no comments, few spaces, and a line for each statement", async () => {
  for (const name of readdirSync("shaders").flatMap((file) => file.endsWith(".wgsl") ? [file.slice(0, -5)] : [])) {
    const source = readFileSync(`shaders/${name}.wgsl`, "utf8");
    const [{ code }] = Object.values(await import(`../src/generated/${name}.ts`) as Record<string, Kernel>);
    expect(code.replace(/\/\/ (baked|#import \w+)$/gm, ""), name).not.toMatch(/\/\/|^ /m);
    if (/#import/m.test(source)) continue;  // text is pasted into it
    expect(words(code), name).toEqual(words(source));
    const statements = source.replace(/ *\/\/.*$/gm, "").match(/;[ }]*$/gm)!;
    expect(code.split("\n").length, name).toBeGreaterThanOrEqual(statements.length);
  }
});
