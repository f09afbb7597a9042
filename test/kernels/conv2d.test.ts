import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { conv2d_backward_input, conv2d_backward_weight, conv2d_forward } from "../../src/generated/conv2d.js";
import { fold } from "../../src/gpu/recorder.js";
import { extent } from "../../src/layers/window.js";
import * as reference from "../reference/conv2d.js";
import { expectClose, expectGradient, gpu, random, run, runners, threeRows, type Runner } from "../support.js";

const control = {
  N: 2, H: 6, W: 5, D: 3, F: 4, groups: 1, R: 3, S: 3, STRIDE_H: 1, STRIDE_W: 1, DILATION_H: 1, DILATION_W: 1,
  padding_h: 1, padding_w: 1, BIAS: 1,
};
type Case = typeof control;
const cases: Record<string, Partial<Case>> = {
  "control": {},
  "1×1": { R: 1, S: 1, padding_h: 0, padding_w: 0 },
  "window not square": { R: 3, S: 2, padding_w: 0 },
  "stride 2": { STRIDE_H: 2, STRIDE_W: 2 },
  "stride that differs by axis and leaves rows unread": {
    STRIDE_H: 4, STRIDE_W: 3, R: 2, S: 2, padding_h: 0, padding_w: 0,
  },
  "padding past half the window": { padding_h: 2, padding_w: 3 },
  "dilation": { DILATION_H: 2, DILATION_W: 3, padding_h: 2, padding_w: 3 },
  "dilation and stride": { DILATION_H: 3, DILATION_W: 2, STRIDE_H: 2, STRIDE_W: 3, padding_h: 3 },
  "groups": { groups: 2, D: 2, F: 3 },
  "depthwise": { groups: 5, D: 1, F: 1, STRIDE_H: 2, STRIDE_W: 2 },
  "no bias": { BIAS: 0 },
  "one output element": { N: 1, D: 1, F: 1, H: 3, W: 3, padding_h: 0, padding_w: 0 },
  "more channels than a workgroup": { H: 3, W: 3, D: 2, F: 67 },
  "grid folded into y": {},
};

function sized({ groups, ...d }: Case): reference.Dim {
  const P = extent(d.H, d.R, d.STRIDE_H, d.padding_h, d.DILATION_H);
  const Q = extent(d.W, d.S, d.STRIDE_W, d.padding_w, d.DILATION_W);
  return { ...d, C: groups * d.D, K: groups * d.F, P, Q };
}
const inputs = (d: reference.Dim) => ({
  x: random(1, d.N * d.H * d.W * d.C), weight: random(2, d.R * d.S * d.D * d.K), bias: random(3, d.K),
  dy: random(4, d.N * d.P * d.Q * d.K),
});
const results = (d: reference.Dim, { x, weight, bias, dy }: ReturnType<typeof inputs>) =>
  ({ y: reference.forward(d, x, weight, bias), ...reference.backward(d, x, weight, dy) });

/** Every entry point against the twin. */
async function agrees(runner: Runner, d: reference.Dim, folded = false) {
  const given = inputs(d), want = results(d, given), { x, weight, dy } = given, bias = d.BIAS ? given.bias : weight;
  const absolute = Object.fromEntries(Object.entries(given).map(([name, v]) => [name, v.map(Math.abs)]));
  const size = results(d, absolute as typeof given), pixels = d.N * d.P * d.Q;
  const work = (n: number) => folded ? threeRows(n) : n;
  const whole = { ...d, size: weight.length, span: d.N * d.P };
  const { y } = await run(
    runner, conv2d_forward, { x, weight, bias }, { y: want.y.length }, whole, work(want.y.length),
  );
  const { dx } = await run(runner, conv2d_backward_input, { weight, dy }, { dx: x.length }, whole, work(x.length));
  const { partial: dweight, partial_bias: dbias } = await run(
    runner, conv2d_backward_weight, { x, dy }, { partial: weight.length, partial_bias: d.K }, { ...whole, BIAS: 1 },
    work(weight.length + d.K),
  );
  expectClose("y", y, want.y, d.R * d.S * d.D, size.y);
  expectClose("dx", dx, want.dx, d.R * d.S * d.F, size.dx);
  expectClose("dweight", dweight, want.dweight, pixels, size.dweight);
  expectClose("dbias", dbias, want.dbias, pixels, size.dbias);
}

describe.each(Object.keys(cases))("conv2d, %s", (name) => {
  const d = sized({ ...control, ...cases[name] }), folded = name === "grid folded into y";

  if (!folded && d.K <= 64) test("the twin's gradients agree with finite differences", () => {
    const { x, weight, bias, dy } = inputs(d), { dx, dweight, dbias } = reference.backward(d, x, weight, dy);
    const y = () => reference.forward(d, x, weight, bias);
    expectGradient("dx", y, dy, x, dx);
    expectGradient("dweight", y, dy, weight, dweight);
    if (d.BIAS) expectGradient("dbias", y, dy, bias, dbias);
  });

  test.each(Object.keys(runners))("agrees with its twin: %s", (where) => agrees(runners[where], d, folded));
});

test("conv2d agrees with its twin for any extents", async () => {
  const variants: Partial<Case>[] = [  // few, because each is compiled
    {},
    { R: 1, S: 1, STRIDE_H: 2, STRIDE_W: 3, BIAS: 0 },
    { R: 2, S: 3, STRIDE_H: 3, STRIDE_W: 2, DILATION_W: 2 },
    { R: 5, S: 1, STRIDE_W: 2, DILATION_H: 2 },
  ];
  const upTo = (most: number, least = 1) => fc.integer({ min: least, max: most });
  const shapes = fc.record({
    variant: fc.constantFrom(...variants), N: upTo(3), D: upTo(5), F: upTo(5), groups: upTo(3),
    padding_h: upTo(3, 0), padding_w: upTo(3, 0), rows: upTo(8, 0), columns: upTo(8, 0),
  });
  await fc.assert(fc.asyncProperty(shapes, ({ variant, rows, columns, ...free }) => {
    const c = { ...control, ...variant, ...free };
    const H = Math.max(1, c.DILATION_H * (c.R - 1) + 1 - 2 * c.padding_h) + rows;
    const W = Math.max(1, c.DILATION_W * (c.S - 1) + 1 - 2 * c.padding_w) + columns;
    return agrees(gpu, sized({ ...c, H, W }));
  }), { numRuns: 25, seed: 1 });
});

test("a grid past 65,535 workgroups is folded", () => {
  expect([fold(65535 * 64, 64), fold(65535 * 64 + 1, 64)]).toEqual([[65535, 1, 1], [32768, 2, 1]]);
});
