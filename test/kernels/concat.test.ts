import { describe, expect, test } from "vitest";
import { concat_backward, concat_forward } from "../../src/generated/concat.js";
import * as reference from "../reference/concat.js";
import { random, run, runners, threeRows } from "../support.js";

const cases = { "first part": { M: 6, C: 3, K: 7, offset: 0 }, "last part": { M: 6, C: 2, K: 7, offset: 5 }, "the whole": { M: 5, C: 4, K: 4, offset: 0 }, "many": { M: 50, C: 9, K: 30, offset: 11 } };

describe.each(Object.entries(cases))("concat, %s", (_, d) => {
  test.each(Object.keys(runners))("agrees with its twin, to the bit: %s", async (where) => {
    const x = random(1, d.M * d.C), dy = random(2, d.M * d.K), y0 = new Float64Array(d.M * d.K).fill(NaN);
    const { y } = await run(runners[where], concat_forward, { x }, { y: d.M * d.K }, d, threeRows(d.M * d.C));
    reference.forward(d, x, y0).forEach((v, i) => { expect(y[i], `y[${i}]`).toEqual(v); });  // what belongs to others stays
    const { dx } = await run(runners[where], concat_backward, { dy }, { dx: d.M * d.C }, d);
    expect([...dx]).toEqual([...reference.backward(d, dy)]);
  });
});
