import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { linear_backward, linear_forward } from "../../src/generated/linear.js";
import { linear_direct_backward } from "../../src/generated/linear_direct.js";
import { targetOf } from "../../src/gpu/device.js";
import { fold } from "../../src/gpu/recorder.js";
import * as reference from "../reference/linear.js";
import {
  able, epilogue, expectClose, expectGradient, gpu, openTestDevice, random, run, runners, type Runner, type Values,
} from "../support.js";

type Case = reference.Dim & { WIDTH: number };
const control: Case = { N: 4, C: 7, K: 5, BIAS: 1, WIDTH: 1 };
const cases: Record<string, Partial<Case>> = {
  "control": {},
  "four a Value": { K: 12, WIDTH: 4 },
  "no bias": { BIAS: 0 },
  "one row": { N: 1 },
  "one feature": { C: 1 },
  "one output element": { N: 1, K: 1 },
  "more features than a workgroup": { C: 70, K: 67 },
  "as many features as a tile, whose ones lie in the next": { N: 17, C: 32, K: 16 },
  "grid folded into y": {},
};
const inputs = ({ N, C, K }: reference.Dim) =>
  ({ x: random(1, N * C), weight: random(2, C * K), bias: random(3, K), dy: random(4, N * K) });
const results = (d: reference.Dim, { x, weight, bias, dy }: ReturnType<typeof inputs>) =>
  ({ y: reference.forward(d, x, weight, bias), ...reference.backward(d, x, weight, dy) });

type Gradients = Record<"dx" | "dweight" | "dbias", Values>;
const elements = ({ N, C, K }: reference.Dim) => ({ dx: N * C, dweight: C * K, dbias: K });
const tiles = (rows: number, columns: number) => Math.ceil(rows / 16) * Math.ceil(columns / 32);
const off = { ACTIVATION: 0, SLOPE: 0, ALPHA: 1, THRESHOLD: 0 };

/**
 * The gradients by the plain kernel or, on a device with subgroups, the direct one: as a whole, and each part alone.
 */
async function backward(
  runner: Runner, d: Case, { x, weight, dy }: ReturnType<typeof inputs>, LANES: number, folded: boolean,
): Promise<[all: Gradients, input: Gradients, parameters: Gradients]> {
  const sizes = elements(d), kernel = LANES ? linear_direct_backward : linear_backward;
  const WIDTH = LANES ? 1 : d.WIDTH, parameters = (sizes.dweight + sizes.dbias) / WIDTH;
  const [of, others] = LANES ? [tiles(d.N, d.C), tiles(d.K, d.C + 1)] : [sizes.dx, parameters];
  const part = (inputs: number, all: number) => {
    const groups = LANES ? all : Math.ceil(all / 64), params = { ...d, ...off, LANES, WIDTH, fused: 0, all, inputs };
    return run(
      runner, kernel, { x, weight, dy, addend: dy, z: dy }, sizes, params, folded ? [1, groups, 1] : [groups, 1, 1],
    );
  };
  return [await part(of, of + others), await part(of, of), await part(0, others)];
}

/** All entry points against the twin. */
async function agrees(runner: Runner, d: Case, folded = false) {
  const given = inputs(d), want = results(d, given), { x, weight, dy } = given, bias = d.BIAS ? given.bias : weight;
  const absolute = Object.fromEntries(Object.entries(given).map(([name, v]) => [name, v.map(Math.abs)]));
  const size = results(d, absolute as typeof given), params = { ...d, ...off, all: dy.length / d.WIDTH, inputs: 0 };
  const { y } = await run(runner, linear_forward, { x, weight, bias }, { y: dy.length }, params);
  expectClose("y", y, want.y, d.C, size.y);
  const lanes = runner === gpu ? targetOf((await openTestDevice()).adapter).lanes ?? 0 : 0;
  for (const [file, LANES] of [["linear", 0] as const, ...lanes ? [["linear_direct", lanes] as const] : []]) {
    const [all, input, parameters] = await backward(runner, d, given, LANES, folded);
    for (const { dx } of [all, input]) expectClose(`${file}: dx`, dx, want.dx, d.K, size.dx);
    for (const { dweight, dbias } of [all, parameters]) {
      expectClose(`${file}: dweight`, dweight, want.dweight, d.N, size.dweight);
      if (d.BIAS) expectClose(`${file}: dbias`, dbias, want.dbias, d.N, size.dbias);
    }
    for (const left of [parameters.dx, input.dweight, input.dbias]) expect(left, "left out").toEqual(unwritten(left));
  }
}

const unwritten = (v: Values) => new Float32Array(v.length).fill(NaN);

describe.each(Object.keys(cases))("linear, %s", (name) => {
  const d = { ...control, ...cases[name] }, folded = name === "grid folded into y";

  if (!folded && d.K <= 64) test("the twin's gradients agree with finite differences", () => {
    const { x, weight, bias, dy } = inputs(d), { dx, dweight, dbias } = reference.backward(d, x, weight, dy);
    const y = () => reference.forward(d, x, weight, bias);
    expectGradient("dx", y, dy, x, dx);
    expectGradient("dweight", y, dy, weight, dweight);
    if (d.BIAS) expectGradient("dbias", y, dy, bias, dbias);
  });

  test.each(able(d.WIDTH))("agrees with its twin: %s", (where) => agrees(runners[where], d, folded));
});

test("linear agrees with its twin for any extents", async () => {
  const upTo = (most: number) => fc.integer({ min: 1, max: most });
  const shapes = fc.record({ N: upTo(40), C: upTo(150), K: upTo(90), BIAS: fc.constantFrom(0, 1) });
  await fc.assert(fc.asyncProperty(shapes, (d) => agrees(gpu, { ...d, WIDTH: d.K % 4 ? 1 : 4 })), {
    numRuns: 25, seed: 1,
  });
});

test("gradients of the input with a sum and a slope behind them, or with what `fused` names of these", async () => {
  const d = { ...control, N: 17, C: 33, K: 8 }, given = inputs(d), want = results(d, given).dx, { length: size } = want;
  const { x, weight, dy } = given, behind = epilogue(size), { addend, z } = behind.values;
  const values = { x, weight, dy, addend, z }, params = { ...d, ...off, ...behind.params, all: size, inputs: size };
  for (const WIDTH of [1, 4]) {
    const { dx } = await run(gpu, linear_backward, values, elements(d), { ...params, WIDTH }, fold(size, 64));
    expectClose(`plain, WIDTH ${WIDTH}`, dx, behind.of(want), d.K);
  }
  const LANES = targetOf((await openTestDevice()).adapter).lanes, of = tiles(d.N, d.C);
  for (const fused of LANES ? [0, 1, 2, 3] : []) {
    const direct = { ...params, LANES: LANES!, fused, inputs: of };
    const { dx } = await run(gpu, linear_direct_backward, values, elements(d), direct, [of, 1, 1]);
    const sums = want.map((v, i) => fused & 2 && z[i] <= 0 ? 0 : v + (fused & 1 ? addend[i] : 0));
    expectClose(`direct, fused ${fused}`, dx, sums, d.K);
  }
});
