// The second passes of split weight gradients, all of them in one dispatch: its sums, and which passes become it.
import { describe, expect, test } from "vitest";
import { reduce_all_sum } from "../../src/generated/reduce_all.js";
import { reduce_sum } from "../../src/generated/reduce.js";
import { fold, Recorder, tensor, type Tensor } from "../../src/gpu/recorder.js";
import { arenas } from "../../src/plan.js";
import { together } from "../../src/train/reductions.js";
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

/** The entry points, and how many sums each makes, of second passes that add up so many partial sums each. */
function merged(sizes: readonly number[], BIAS = 0, outside: (t: Tensor) => boolean = () => false) {
  const rec = new Recorder(), gradients: Tensor[] = [];
  for (const [i, size] of sizes.entries()) {
    const dweight = tensor(`d ${i}.weight`, [size / 2]), dbias = tensor(`d ${i}.bias`, [4]);
    gradients.push(...[dweight, dbias].filter((t) => !outside(t)));
    rec.dispatch(reduce_sum, {
      partial: tensor("partial", [2, size / 2]), partial_bias: tensor("partial_bias", [2, 4]), dweight, dbias,
    }, { K: 4, BIAS, size: size / 2, splits: 2 }, size);
  }
  return together(rec.steps, arenas("gradients", gradients, 2 ** 32))
    .map(({ kernel, params }) => [kernel.entry, params.segments]);
}

test("second passes become one, up to 32 MiB of partial sums; one of another arena, or alone, stays", () => {
  const most = 2 ** 23;
  expect(merged([most / 4, most / 4, most / 2])).toEqual([["reduce_all_sum", 3]]);
  expect(merged([most / 2, most / 2, 128, 128])).toEqual([["reduce_all_sum", 2], ["reduce_all_sum", 2]]);
  expect(merged([most / 2, most / 2, 128])).toEqual([["reduce_all_sum", 2], ["reduce_sum", undefined]]);
  expect(merged([128, 128, 128], 1)).toEqual([["reduce_all_sum", 6]]);
  for (const kind of ["weight", "bias"])
    expect(merged([128, 128, 128], 1, ({ name }) => name === `d 1.${kind}`), kind)
      .toEqual([["reduce_sum", undefined], ["reduce_all_sum", 4]]);
});
