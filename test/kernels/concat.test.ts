import { describe, expect, test } from "vitest";
import { concat_backward, concat_forward } from "../../src/generated/concat.js";
import { concat } from "../../src/index.js";
import { Graph } from "../../src/graph.js";
import { Recorder, type Grid } from "../../src/gpu/recorder.js";
import * as reference from "../reference/concat.js";
import { random, run, runners } from "../support.js";

const cases = {
  "one part": [4], "two": [3, 4], "three": [2, 1, 5], "four": [9, 4, 1, 2],
  "four, divisible by 4": [8, 4, 12, 4], "two, more than a workgroup": [68, 8],
};

describe.each(Object.entries(cases))("concat, %s", (_, parts) => {
  const M = 6, K = parts.reduce((a, b) => a + b) + 4;  // four channels belong to others
  const [C0, C1 = 0, C2 = 0, C3 = 0] = parts, most = Math.max(...parts);
  const x = parts.map((C, j) => random(j + 1, M * C)), dy = random(7, M * K), z = random(8, M * K);
  const starts = parts.map((_, j) => 4 + parts.slice(0, j).reduce((a, b) => a + b, 0));
  const d = { M, K, C0, C1, C2, C3, offset: 4 }, own = (j: number) => ({ M, C: parts[j], K, offset: starts[j] });
  const named = (letter: string, t: Float64Array[]) => Object.fromEntries(t.map((v, j) => [letter + j, v]));
  const fits = (where: string, WIDTH: number) => WIDTH === 1 || (where === "gpu" && parts.every((C) => C % 4 === 0));
  const ways = Object.keys(runners).flatMap((where) => [1, 4].map((WIDTH) => [where, WIDTH] as const));

  test.each(ways.filter((way) => fits(...way)))(
    "agrees with its twin, to the bit: %s, %i channels an invocation", async (where, WIDTH) => {
      const grid: Grid = [Math.ceil(M * most / WIDTH / 64 / 3), 3, parts.length];
      const want = new Float64Array(M * K).fill(NaN);
      parts.forEach((_, j) => reference.forward(own(j), x[j], want));
      const { y } = await run(runners[where], concat_forward, named("x", x), { y: M * K }, { ...d, WIDTH }, grid);
      want.forEach((v, i) => { expect(y[i], `y[${i}]`).toEqual(v); });  // what belongs to others stays
      const sizes = Object.fromEntries(parts.map((C, j) => [`dx${j}`, M * C]));
      const back = parts.map((_, j) => reference.backward(own(j), dy));
      const got = await run(runners[where], concat_backward, { dy }, sizes, { ...d, WIDTH }, grid);
      const sloped = await run(runners[where], concat_backward, { dy, z }, sizes, { ...d, WIDTH, SLOPE: 1 }, grid);
      parts.forEach((_, j) => {
        const slopes = reference.backward(own(j), z);
        expect([...got[`dx${j}`]]).toEqual([...back[j]]);
        expect([...sloped[`dx${j}`]]).toEqual(Array.from(back[j], (v, i) => slopes[i] > 0 ? v : v * 0));
      });
    });
});

test("more than four parts are several dispatches, side by side", () => {
  const graph = new Graph(), rec = new Recorder();
  const parts = [4, 8, 4, 4, 12, 4].map((C, i) => graph.input(`x${i}`, [2, 3, 3, C], i !== 1)), y = concat(...parts);
  graph.grads.set(y, graph.tensor("dy", y.shape));
  graph.forward(rec, { training: true });
  graph.backward(rec, { training: true });
  expect(rec.steps.map(({ kernel, params: { offset, C0, C3 }, grid, overrides }) =>
    [kernel.entry, offset, C0, C3, grid[2], overrides.WIDTH])).toEqual([
    ["concat_forward", 0, 4, 4, 4, 4], ["concat_forward", 20, 12, 0, 2, 4],
    ["concat_backward", 0, 4, 4, 4, 4], ["concat_backward", 20, 12, 0, 2, 4],
  ]);
  expect(graph.grads.has(parts[1])).toBe(false);
});
