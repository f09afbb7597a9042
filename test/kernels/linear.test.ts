import fc from "fast-check";
import { describe, test } from "vitest";
import { linear_backward, linear_forward } from "../../src/generated/linear.js";
import * as reference from "../reference/linear.js";
import { expectClose, expectGradient, gpu, random, run, runners, type Runner, type Values } from "../support.js";

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

const tiles = (rows: number, columns: number) => Math.ceil(rows / 16) * Math.ceil(columns / 8);

/** Both entry points against the twin; backward as a whole, and each part alone. */
async function agrees(runner: Runner, d: reference.Dim, folded = false) {
  const given = inputs(d), want = results(d, given), { x, weight, dy } = given, bias = d.BIAS ? given.bias : weight;
  const absolute = Object.fromEntries(Object.entries(given).map(([name, v]) => [name, v.map(Math.abs)])) as typeof given;
  const size = results(d, absolute), of = { ...d, ACTIVATION: 0, SLOPE: 0, ALPHA: 1, THRESHOLD: 0 }, inputTiles = tiles(d.N, d.C), weightTiles = tiles(d.C, d.K);
  const { y } = await run(runner, linear_forward, { x, weight, bias }, { y: dy.length }, { ...of, inputs: 0 }, [Math.ceil(d.N / 16), Math.ceil(d.K / 8), 1]);
  expectClose("y", y, want.y, d.C, size.y);
  const outputs = { dx: x.length, dweight: weight.length, dbias: d.K };
  const backward = (n: number, tileCount: number): Promise<Record<keyof typeof outputs, Values>> =>
    run(runner, linear_backward, { x, weight, dy, addend: dy, z: dy }, outputs, { ...of, inputs: n }, folded ? [1, tileCount, 1] : [tileCount, 1, 1]);
  const all = await backward(inputTiles, inputTiles + weightTiles), one = await backward(inputTiles, inputTiles), other = await backward(0, weightTiles);
  for (const dx of [all.dx, one.dx]) expectClose("dx", dx, want.dx, d.K, size.dx);
  for (const { dweight, dbias } of [all, other]) {
    expectClose("dweight", dweight, want.dweight, d.N, size.dweight);
    if (d.BIAS) expectClose("dbias", dbias, want.dbias, d.N, size.dbias);
  }
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
