import { describe, expect, test } from "vitest";
import { reduce_sum } from "../../src/generated/reduce.js";
import * as reference from "../reference/reduce.js";
import { expectClose, random, run, runners, threeRows } from "../support.js";

describe.each(Object.entries(runners))("reduce, %s", (_, runner) => {
  test.each([
    { size: 10, K: 3, splits: 4, BIAS: 1 }, { size: 1, K: 1, splits: 2, BIAS: 1 },
    { size: 700, K: 70, splits: 3, BIAS: 1 }, { size: 70, K: 5, splits: 3, BIAS: 0 },
  ])("%j", async (d) => {
    const partial = random(1, d.splits * d.size), partial_bias = random(2, d.splits * d.K);
    const want = reference.sum(d, partial, partial_bias), sizes = { dweight: d.size, dbias: d.K };
    for (const work of [d.size + d.K, threeRows(d.size + d.K)]) {
      const { dweight, dbias } = await run(runner, reduce_sum, { partial, partial_bias }, sizes, d, work);
      expectClose("dweight", dweight, want.dweight, d.splits);
      if (d.BIAS) expectClose("dbias", dbias, want.dbias, d.splits);
      else expect(new Uint32Array(dbias.buffer)).toEqual(new Uint32Array(d.K).fill(0x7fc0dead));
    }
  });
});
