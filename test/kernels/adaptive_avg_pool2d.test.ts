import { describe, test } from "vitest";
import { adaptive_avg_pool2d_backward, adaptive_avg_pool2d_forward } from "../../src/generated/adaptive_avg_pool2d.js";
import * as reference from "../reference/adaptive_avg_pool2d.js";
import { expectClose, expectGradient, random, run, runners } from "../support.js";

const cases = {
  "to one": { N: 2, H: 5, W: 4, C: 3, P: 1, Q: 1 }, "windows that overlap": { N: 2, H: 7, W: 5, C: 2, P: 3, Q: 4 }, "the same size": { N: 1, H: 3, W: 4, C: 2, P: 3, Q: 4 },
  "larger than the input": { N: 1, H: 2, W: 3, C: 2, P: 5, Q: 7 }, "more channels than a workgroup": { N: 1, H: 2, W: 2, C: 67, P: 1, Q: 2 },
};

describe.each(Object.entries(cases))("adaptive average pooling, %s", (_, d) => {
  const x = random(1, d.N * d.H * d.W * d.C), dy = random(2, d.N * d.P * d.Q * d.C), dx = reference.backward(d, dy);

  test("the twin's gradient agrees with finite differences", () => { expectGradient("dx", () => reference.forward(d, x), dy, x, dx); });

  test.each(Object.keys(runners))("agrees with its twin: %s", async (where) => {
    const { y } = await run(runners[where], adaptive_avg_pool2d_forward, { x }, { y: dy.length }, d);
    expectClose("y", y, reference.forward(d, x), d.H * d.W);
    const got = await run(runners[where], adaptive_avg_pool2d_backward, { dy }, { dx: x.length }, d);
    expectClose("dx", got.dx, dx, d.P * d.Q);
  });
});
