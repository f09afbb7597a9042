import { describe, expect, test } from "vitest";
import { reduce_all_sum } from "../../src/generated/reduce_all.js";
import { fold } from "../../src/gpu/recorder.js";
import * as reference from "../reference/reduce.js";
import { expectClose, random, run, runners } from "../support.js";

// [size, splits] of each segment; the gradients lie at multiples of 64, in the other order, with a hole between.
const cases = [[[10, 4]], [[64, 2], [65, 3], [1, 5]], [[700, 3], [70, 2], [128, 7], [3, 4], [200, 1]]];

describe.each(Object.entries(runners))("reduce all, %s", (_, runner) => {
  test.each(cases)("%j, …", async (...segments) => {
    const rows: number[] = [], ends = segments.map(([size]) => Math.ceil(size / 64) * 64 + 64);
    const all = ends.reduce((a, b) => a + b, 0);
    let first = 0, source = 0, to = all;
    for (const [i, [size, splits]] of segments.entries()) {
      rows.push(first, source, to -= ends[i], size, splits);
      first += Math.ceil(size / 64);
      source += size * splits;
    }
    const partial = random(1, source), given = { table: Uint32Array.from(rows), partial };
    const params = { segments: segments.length };
    for (const grid of [fold(first, 1), [Math.ceil(first / 3), 3, 1]] as const) {
      const { gradient } = await run(runner, reduce_all_sum, given, { gradient: all }, params, grid);
      const words = new Uint32Array(gradient.buffer);
      for (const [i, [size, splits]] of segments.entries()) {
        const [, from, at] = rows.slice(5 * i), d = { size, K: 0, splits };
        const { dweight: want } = reference.sum(d, partial.subarray(from), new Float64Array(0));
        expectClose(`segment ${i}`, gradient.subarray(at, at + size), want, splits);
        const behind = words.subarray(at + size, at + ends[i]);
        expect(behind.every((v) => v === 0x7fc0dead), `behind segment ${i}`).toBe(true);
      }
    }
  });
});
