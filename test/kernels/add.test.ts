// Kernels of sums: "add", and "accumulate", which adds a further part to what is there.
import { describe, expect, test } from "vitest";
import { accumulate_add } from "../../src/generated/accumulate.js";
import { add_forward } from "../../src/generated/add.js";
import { gpu, random, run, runners, threeRows } from "../support.js";

describe.each([
  ["add", add_forward, "a", "b", "y"], ["accumulate", accumulate_add, "total", "part", "total"],
] as const)("%s", (_, kernel, left, right, to) => {
  test.each(Object.keys(runners))("is the sum, rounded once: %s", async (where) => {
    for (const size of [1, 64, 67, 200]) {
      const a = random(1, size), b = random(2, size), work = size === 200 ? threeRows(size) : size;
      const got = await run(runners[where], kernel, { [left]: a, [right]: b }, { [to]: size }, { size }, work);
      expect([...got[to]]).toEqual(Array.from(a, (v, i) => Math.fround(v + b[i])));
    }
  });
});

test.each([
  [2, 1], [3, 1], [4, 1], [2, 4], [3, 4], [4, 4],
])("%i terms, from the left, %i an invocation, with what is fused behind", async (TERMS, WIDTH) => {
  const size = 84, z = random(9, size);
  const given = Object.fromEntries([..."abcd"].slice(0, TERMS).map((name, i) => [name, random(i + 1, size)]));
  const sum = Object.values(given).reduce((s, t) => s.map((v, i) => Math.fround(v + t[i])));
  const { y } = await run(gpu, add_forward, given, { y: size }, { size, TERMS, WIDTH, ACTIVATION: 1 });
  expect([...y]).toEqual(Array.from(sum, (v) => Math.max(v, 0)));
  const sloped = await run(gpu, add_forward, { ...given, z }, { y: size }, { size, TERMS, WIDTH, SLOPE: 1 });
  expect([...sloped.y]).toEqual(Array.from(sum, (v, i) => z[i] > 0 ? v : v * 0));
});
