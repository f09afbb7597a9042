import fc from "fast-check";
import { describe, test } from "vitest";
import { linear_backward_bias, linear_backward_input, linear_backward_weight, linear_forward } from "../../src/generated/linear.js";
import { linear_rows_backward, linear_rows_forward } from "../../src/generated/linear_rows.js";
import * as reference from "../reference/linear.js";
import { expectClose, expectGradient, gpu, random, run, runners, threeRows, type Runner } from "../support.js";

const control: reference.Dim = { N: 4, C: 7, K: 5, BIAS: 1 };
const cases: Record<string, Partial<reference.Dim>> = {
  "control": {},
  "no bias": { BIAS: 0 },
  "one row": { N: 1 },
  "one feature": { C: 1 },
  "one output element": { N: 1, K: 1 },
  "more features than a workgroup": { C: 70, K: 67 },
  "grid folded into y": {},
};
const inputs = ({ N, C, K }: reference.Dim) => ({ x: random(1, N * C), weight: random(2, C * K), bias: random(3, K), dy: random(4, N * K) });
const results = (d: reference.Dim, { x, weight, bias, dy }: ReturnType<typeof inputs>) =>
  ({ y: reference.forward(d, x, weight, bias), ...reference.backward(d, x, weight, dy) });

const small = "linear_rows", across = (n: number, per: number) => Math.ceil(n / per);

/** Every entry point against the twin. */
async function agrees(runner: Runner, d: reference.Dim, folded = false) {
  const given = inputs(d), want = results(d, given), { x, weight, dy } = given, bias = d.BIAS ? given.bias : weight;
  const absolute = Object.fromEntries(Object.entries(given).map(([name, v]) => [name, v.map(Math.abs)])) as typeof given;
  const size = results(d, absolute), work = (n: number) => folded ? threeRows(n) : n;
  const { y } = await run(runner, linear_forward, { x, weight, bias }, { y: dy.length }, { ...d }, work(dy.length));
  const { dx } = await run(runner, linear_backward_input, { weight, dy }, { dx: x.length }, { ...d }, work(x.length));
  const { dweight } = await run(runner, linear_backward_weight, { x, dy }, { dweight: weight.length }, { ...d }, work(weight.length));
  const { dbias } = await run(runner, linear_backward_bias, { dy }, { dbias: d.K }, { ...d }, work(d.K));
  if (!folded) {
    const plain = { ACTIVATION: 0, SLOPE: 0, ALPHA: 1, THRESHOLD: 0 }, rows = await run(runner, linear_rows_forward, { x, weight, bias }, { y: dy.length }, { ...d, ...plain }, [across(d.N, 16), across(d.K, 8), 1]);
    const back = await run(runner, linear_rows_backward, { x, weight, dy, addend: dy, z: dy }, { dx: x.length, dweight: weight.length, dbias: d.K }, { ...d, ...plain }, [across(d.N, 16) * across(d.C, 8) + across(d.C, 16) * across(d.K, 8), 1, 1]);
    expectClose(`${small}: y`, rows.y, want.y, d.C, size.y);
    expectClose(`${small}: dx`, back.dx, want.dx, d.K, size.dx);
    expectClose(`${small}: dweight`, back.dweight, want.dweight, d.N, size.dweight);
    if (d.BIAS) expectClose(`${small}: dbias`, back.dbias, want.dbias, d.N, size.dbias);
  }
  expectClose("y", y, want.y, d.C, size.y);
  expectClose("dx", dx, want.dx, d.K, size.dx);
  expectClose("dweight", dweight, want.dweight, d.N, size.dweight);
  expectClose("dbias", dbias, want.dbias, d.N, size.dbias);
}

describe.each(Object.keys(cases))("linear, %s", (name) => {
  const d = { ...control, ...cases[name] }, folded = name === "grid folded into y";

  if (!folded && d.K <= 64) test("the twin's gradients agree with finite differences", () => {
    const { x, weight, bias, dy } = inputs(d), { dx, dweight, dbias } = reference.backward(d, x, weight, dy);
    const y = () => reference.forward(d, x, weight, bias);
    expectGradient("dx", y, dy, x, dx);
    expectGradient("dweight", y, dy, weight, dweight);
    if (d.BIAS) expectGradient("dbias", y, dy, bias, dbias);
  });

  test.each(Object.keys(runners))("agrees with its twin: %s", (where) => agrees(runners[where], d, folded));
});

test("linear agrees with its twin for any extents", async () => {
  const upTo = (most: number) => fc.integer({ min: 1, max: most });
  const shapes = fc.record({ N: upTo(40), C: upTo(150), K: upTo(90), BIAS: fc.constantFrom(0, 1) });
  await fc.assert(fc.asyncProperty(shapes, (d) => agrees(gpu, d)), { numRuns: 25, seed: 1 });
});
