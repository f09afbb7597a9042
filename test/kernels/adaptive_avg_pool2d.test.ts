import { describe, test } from "vitest";
import { adaptive_avg_pool2d_backward, adaptive_avg_pool2d_forward } from "../../src/generated/adaptive_avg_pool2d.js";
import { rowGrid } from "../../src/layers/window.js";
import * as reference from "../reference/adaptive_avg_pool2d.js";
import { epilogue, expectClose, expectGradient, gpu, random, run, runners, threefold } from "../support.js";

const cases = {
  "to one": { N: 2, H: 5, W: 4, C: 3, P: 1, Q: 1 },
  "windows that overlap": { N: 2, H: 7, W: 5, C: 2, P: 3, Q: 4 },
  "the same size": { N: 1, H: 3, W: 4, C: 2, P: 3, Q: 4 },
  "larger than the input": { N: 1, H: 2, W: 3, C: 2, P: 5, Q: 7 },
  "more channels than a workgroup": { N: 1, H: 2, W: 2, C: 67, P: 1, Q: 2 },
};

describe.each(Object.entries(cases))("adaptive average pooling, %s", (_, d) => {
  const x = random(1, d.N * d.H * d.W * d.C), dy = random(2, d.N * d.P * d.Q * d.C), dx = reference.backward(d, dy);

  test("the twin's gradient agrees with finite differences", () => {
    expectGradient("dx", () => reference.forward(d, x), dy, x, dx);
  });

  test.each(Object.keys(runners))("agrees with its twin: %s", async (where) => {
    const there = rowGrid(d.N * d.P * d.Q, d.C), back = threefold(rowGrid(d.N * d.H, d.C));
    const { y } = await run(runners[where], adaptive_avg_pool2d_forward, { x }, { y: dy.length }, d, there);
    expectClose("y", y, reference.forward(d, x), d.H * d.W);
    const got = await run(runners[where], adaptive_avg_pool2d_backward, { dy }, { dx: x.length }, d, back);
    expectClose("dx", got.dx, dx, d.P * d.Q);
  });

  test("four channels an invocation, agrees with its twin, and so does what is fused behind it", async () => {
    const e = { ...d, C: 8 }, WIDTH = 4, sizeOfX = e.N * e.H * e.W * e.C;
    const x = random(1, sizeOfX), dy = random(2, e.N * e.P * e.Q * e.C), behind = epilogue(sizeOfX);
    const there = threefold(rowGrid(e.N * e.P * e.Q, e.C / WIDTH)), back = rowGrid(e.N * e.H, e.C / WIDTH);
    const { y } = await run(gpu, adaptive_avg_pool2d_forward, { x }, { y: dy.length }, { ...e, WIDTH }, there);
    expectClose("y", y, reference.forward(e, x), e.H * e.W);
    const params = { ...e, WIDTH, ...behind.params, GLOBAL: Number(e.P * e.Q === 1) };
    const got = await run(gpu, adaptive_avg_pool2d_backward, { dy, ...behind.values }, { dx: x.length }, params, back);
    expectClose("dx", got.dx, behind.of(reference.backward(e, dy)), e.P * e.Q);
  });
});
