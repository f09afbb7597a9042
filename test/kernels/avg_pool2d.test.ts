import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { avg_pool2d_backward, avg_pool2d_forward, avg_pool2d_tiled } from "../../src/generated/avg_pool2d.js";
import { extent } from "../../src/layers/window.js";
import * as reference from "../reference/avg_pool2d.js";
import {
  epilogue, expectClose, expectGradient, gpu, random, run, runners, threeRows, type Runner,
} from "../support.js";
import { anyExtents } from "./pools.js";

const control = {
  N: 2, H: 6, W: 8, C: 3, R: 2, S: 2, STRIDE_H: 2, STRIDE_W: 2, padding_h: 0, padding_w: 0, COUNT_PAD: 1, ceil: false,
};
type Case = typeof control;
const cases: Record<string, Partial<Case>> = {
  "control": {},
  "1×1": { R: 1, S: 1 },
  "window not square": { R: 3, S: 2 },
  "windows overlap": { R: 3, S: 3, padding_h: 1, padding_w: 1, STRIDE_H: 1, STRIDE_W: 2 },
  "stride leaves rows unread": { STRIDE_H: 3, STRIDE_W: 5 },
  "padding does not count": { R: 3, S: 3, padding_h: 1, padding_w: 1, COUNT_PAD: 0 },
  "ceil mode": { H: 7, W: 6, R: 3, S: 3, ceil: true },
  "ceil mode beyond the padding": {
    H: 7, W: 6, R: 4, S: 4, STRIDE_H: 3, STRIDE_W: 3, padding_h: 1, padding_w: 2, ceil: true,
  },
  "ceil mode, padding does not count": {
    H: 7, W: 6, R: 4, S: 4, STRIDE_H: 3, STRIDE_W: 3, padding_h: 1, padding_w: 2, ceil: true, COUNT_PAD: 0,
  },
  "one output element": { N: 1, H: 2, W: 2, C: 1 },
  "more channels than a workgroup": { H: 3, W: 4, C: 67 },
  "grid folded into y": {},
};

function sized({ ceil, ...d }: Case): reference.Dim & { WINDOWS_H: number; WINDOWS_W: number } {
  return {
    ...d, WINDOWS_H: Math.ceil(d.R / d.STRIDE_H), WINDOWS_W: Math.ceil(d.S / d.STRIDE_W),
    P: extent(d.H, d.R, d.STRIDE_H, d.padding_h, 1, ceil), Q: extent(d.W, d.S, d.STRIDE_W, d.padding_w, 1, ceil),
  };
}
const inputs = (d: reference.Dim) => ({ x: random(1, d.N * d.H * d.W * d.C), dy: random(2, d.N * d.P * d.Q * d.C) });

async function agrees(runner: Runner, d: reference.Dim, folded = false) {
  const { x, dy } = inputs(d), n = dy.length, terms = d.R * d.S, work = (n: number) => folded ? threeRows(n) : n;
  const { y } = await run(runner, avg_pool2d_forward, { x }, { y: n }, { ...d }, work(n));
  const { dx } = await run(runner, avg_pool2d_backward, { dy }, { dx: x.length }, { ...d }, work(x.length));
  expectClose("y", y, reference.forward(d, x), terms, reference.forward(d, x.map(Math.abs)));
  expectClose("dx", dx, reference.backward(d, dy), terms, reference.backward(d, dy.map(Math.abs)));
}

test("avg_pool2d, four channels an invocation, agrees with its twin, and so does what is fused behind it", async () => {
  const overlapping = { C: 12, R: 3, S: 3, STRIDE_H: 1, padding_h: 1, padding_w: 1, COUNT_PAD: 0 };
  for (const change of [{ C: 4 }, overlapping, { C: 3 }]) {
    const d = sized({ ...control, ...change }), { x, dy } = inputs(d), behind = epilogue(x.length);
    const params = { ...d, WIDTH: d.C % 4 ? 1 : 4 }, given = { dy, ...behind.values }, sizes = { dx: x.length };
    const { y } = await run(gpu, avg_pool2d_forward, { x }, { y: dy.length }, params);
    const { dx } = await run(gpu, avg_pool2d_backward, given, sizes, { ...params, ...behind.params });
    expectClose("y", y, reference.forward(d, x), d.R * d.S, reference.forward(d, x.map(Math.abs)));
    expectClose("dx", dx, behind.of(reference.backward(d, dy)), d.R * d.S);
    if (d.R !== d.STRIDE_H) continue;
    const tiled = await run(gpu, avg_pool2d_tiled, given, sizes, { ...params, ...behind.params }, dy.length);
    expect(tiled.dx).toEqual(dx);
  }
});

describe.each(Object.keys(cases))("avg_pool2d, %s", (name) => {
  const d = sized({ ...control, ...cases[name] }), folded = name === "grid folded into y";

  if (!folded) test("the twin's gradient agrees with finite differences", () => {
    const { x, dy } = inputs(d);
    expectGradient("dx", () => reference.forward(d, x), dy, x, reference.backward(d, dy));
  });

  test.each(Object.keys(runners))("agrees with its twin: %s", (where) => agrees(runners[where], d, folded));
});

test("avg_pool2d agrees with its twin for any extents", async () => {
  const pools = anyExtents(control, [
    {}, { R: 3, S: 3, STRIDE_H: 1, COUNT_PAD: 0 }, { R: 2, S: 3, STRIDE_H: 3, STRIDE_W: 1 },
    { R: 1, S: 4, COUNT_PAD: 0 },
  ]);
  await fc.assert(fc.asyncProperty(pools, (c) => agrees(gpu, sized(c))), { numRuns: 25, seed: 1 });
});
