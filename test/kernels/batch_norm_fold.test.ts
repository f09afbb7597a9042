import { describe, expect, test } from "vitest";
import { batch_norm_fold_all } from "../../src/generated/batch_norm_fold.js";
import * as reference from "../reference/batch_norm.js";
import { expectClose, random, run, runners } from "../support.js";

// [channels, whether the layer in front has a bias] of each segment; vectors lie at multiples of 64,
// with holes between.
const cases: [size: number, biased: boolean][][] = [
  [[5, true]], [[6, false], [64, true], [1, false]], [[130, true], [3, true], [65, false]],
];

describe.each(Object.entries(runners))("fold batch norm, %s", (_, runner) => {
  test.each(cases)("%j, …", async (...segments) => {
    const up = (n: number) => Math.ceil(n / 64) * 64 + 64, eps = 1e-3, rows: number[] = [];
    let at = 0, to = 0, stat = 0;
    for (const [size, biased] of segments) {
      const [weight, bias, own] = [at, at + up(size), at + 2 * up(size)], [mean, variance] = [stat + up(size), stat];
      rows.push(weight, bias, mean, variance, biased ? own : 2 ** 32 - 1, to, size);
      at += 3 * up(size);
      stat += 2 * up(size);
      to += up(2 * size);
    }
    const parameters = random(1, at), statistics = random(2, stat).map((v) => v + 2);
    const given = { table: Uint32Array.from(rows), parameters, statistics };
    const { folded } = await run(runner, batch_norm_fold_all, given, { folded: to }, { eps }, [3, segments.length, 1]);
    const words = new Uint32Array(folded.buffer);
    for (const [i, [size]] of segments.entries()) {
      const [weight, bias, mean, variance, own, from] = rows.slice(7 * i);
      const of = (all: Float64Array, first: number) => all.slice(first, first + size);
      const want = reference.fold(
        { eps }, of(parameters, weight), of(parameters, bias), of(statistics, mean), of(statistics, variance),
        own < at ? of(parameters, own) : new Float64Array(size),
      );
      expectClose(`factor ${i}`, folded.subarray(from, from + size), want.factor, 4);
      expectClose(`term ${i}`, folded.subarray(from + size, from + 2 * size), want.term, 8);
      const behind = words.subarray(from + 2 * size, from + up(2 * size));
      expect(behind.every((v) => v === 0x7fc0dead), `behind segment ${i}`).toBe(true);
    }
  });
});

test("the twin's factor and term are what evaluation does behind a layer with a bias", () => {
  const d = { M: 2, C: 3, eps: 1e-5, momentum: 0.1 }, variance = random(6, 3).map((v) => v + 2);
  const [weight, bias, mean, own, sums] = [1, 2, 3, 4, 5].map((seed) => random(seed, seed < 5 ? 3 : 6));
  const { factor, term } = reference.fold(d, weight, bias, mean, variance, own);
  const invstd = variance.map((v) => 1 / Math.sqrt(v + d.eps));
  const want = reference.apply(d, sums.map((v, i) => v + own[i % 3]), mean, invstd, weight, bias);
  sums.forEach((v, i) => expect(v * factor[i % 3] + term[i % 3]).toBeCloseTo(want[i], 12));
});
