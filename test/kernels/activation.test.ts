import { describe, expect, test } from "vitest";
import { activation_backward, activation_forward } from "../../src/generated/activation.js";
import { Recorder, tensor } from "../../src/gpu/recorder.js";
import { elu, gelu, hardSwish, leakyRelu, relu, silu, softplus } from "../../src/index.js";
import * as reference from "../reference/activation.js";
import { expectClose, expectGradient, gpu, random, run, runners, threeRows } from "../support.js";

/** ACTIVATION, ALPHA and THRESHOLD; `near`: relative error allowed in any single element. */
const activations: Record<string, { ACTIVATION: number; ALPHA?: number; THRESHOLD?: number; near?: number }> = {
  "identity": { ACTIVATION: 0 }, "relu": { ACTIVATION: 1 }, "sigmoid": { ACTIVATION: 2 },
  "tanh": { ACTIVATION: 3, near: 4e-6 },  // cancels a little above its series: 1 − 2 / (exp 2x + 1)
  "leakyRelu": { ACTIVATION: 4, ALPHA: 0.01 }, "leakyRelu 0.2": { ACTIVATION: 4, ALPHA: 0.2 },
  "leakyRelu 0": { ACTIVATION: 4, ALPHA: 0 },
  "elu": { ACTIVATION: 5, ALPHA: 1 }, "elu 0.3": { ACTIVATION: 5, ALPHA: 0.3 },
  // exp of x² and x³ in f32, far out on the left
  "gelu": { ACTIVATION: 6, near: 8e-6 }, "gelu by tanh": { ACTIVATION: 7, near: 8e-6 },
  "silu": { ACTIVATION: 8 }, "hardSwish": { ACTIVATION: 9 },
  "softplus": { ACTIVATION: 10, ALPHA: 1, THRESHOLD: 20 },
  "softplus 4, 2": { ACTIVATION: 10, ALPHA: 4, THRESHOLD: 2, near: 2e-6 },
};
const inputs = (size: number, scale: number) =>
  ({ x: random(1, size).map((v) => Math.fround(v * scale)), dy: random(2, size) });
const cases: Record<string, { size: number; scale: number }> = {
  "control": { size: 40, scale: 3 }, "one element": { size: 1, scale: 3 }, "to ±100": { size: 67, scale: 100 },
  "grid folded into y": { size: 200, scale: 10 },
};

describe.each(Object.entries(activations))("activation, %s", (name, options) => {
  const { near = 4e-7, ACTIVATION, ALPHA = 1, THRESHOLD = 20 } = options;
  const dim = (size: number) => ({ size, ACTIVATION, SLOPE: ACTIVATION, ALPHA, THRESHOLD });
  /** What backward takes for z. */
  const kept = (x: Float64Array, y: Float64Array) => ACTIVATION < 6 ? y : x;

  test("the twin's gradient agrees with finite differences", () => {
    const { x, dy } = inputs(40, 3), d = dim(40), dx = reference.backward(d, kept(x, reference.forward(d, x)), dy);
    expectGradient("dx", () => reference.forward(d, x), dy, x, dx);
  });

  describe.each(Object.keys(runners))("%s", (where) => {
    test.each(Object.keys(cases))("agrees with its twin, %s", async (which) => {
      const { size, scale } = cases[which], { x, dy } = inputs(size, scale), d = dim(size);
      const z = kept(x, reference.forward(d, x)).map(Math.fround);
      const work = which === "grid folded into y" ? threeRows(size) : size;
      const { y } = await run(runners[where], activation_forward, { x }, { y: size }, d, work);
      const { dx } = await run(runners[where], activation_backward, { z, dy }, { dx: size }, d, work);
      expectClose("y", y, reference.forward(d, x), 4);
      expectClose("dx", dx, reference.backward(d, z, dy), 4);
      if (where === "gpu" && size % 4 === 0) {
        const wide = { ...d, WIDTH: 4 };
        expect((await run(gpu, activation_forward, { x }, { y: size }, wide)).y).toEqual(y);
        expect((await run(gpu, activation_backward, { z, dy }, { dx: size }, wide)).dx).toEqual(dx);
      }
    });

    test("is no number where x is none", async () => {
      const x = Float64Array.of(NaN, 1, NaN, -1);
      const { y } = await run(runners[where], activation_forward, { x }, { y: 4 }, dim(4));
      expect([...y].map(Number.isNaN)).toEqual([true, false, true, false]);
    });

    test("is a number wherever x is one, and right to the last few bits near 0", async () => {
      const small = Array.from({ length: 60 }, (_, i) => (i % 2 ? -1 : 1) * 10 ** (1 - i / 10));
      const x = Float64Array.of(0, 100, -100, 1e4, -1e4, 3e38, -3e38, ...small).map(Math.fround);
      const d = dim(x.length), { y } = await run(runners[where], activation_forward, { x }, { y: x.length }, d);
      const want = reference.forward(d, x), dy = x.map(() => 1), z = kept(x, Float64Array.from(y));
      const { dx } = await run(runners[where], activation_backward, { z, dy }, { dx: x.length }, d);
      const slope = reference.backward(d, kept(x, want), dy);
      for (let i = 0; i < x.length; i++) {
        const off = Math.abs(y[i] - want[i]);
        if (!(off <= near * Math.abs(want[i]) + 1e-36)) expect.fail(`${name}(${x[i]}): got ${y[i]}, want ${want[i]}`);
        if (!(Math.abs(dx[i] - slope[i]) <= 2e-6))
          expect.fail(`slope of ${name} at ${x[i]}: got ${dx[i]}, want ${slope[i]}`);
      }
    });
  });
});

test("the twin's normal distribution function has the values of tables", () => {
  const known = [
    [0, 0.5], [1, 0.8413447460685429], [-1.96, 0.024997895148220435], [3.9, 0.9999519036559824],
    [-4.5, 3.3976731247300535e-6], [-10, 7.619853024160527e-24],
  ];
  for (const [x, want] of known) expect(Math.abs(reference.normal(x) / want - 1), `normal(${x})`).toBeLessThan(1e-12);
});

test("layers keep what their slope is written in: output or input", () => {
  const [x, y, dy, dx] = ["x", "y", "dy", "dx"].map((name) => tensor(name, [8]));
  const all = {
    relu: relu(), leakyRelu: leakyRelu(), elu: elu(), gelu: gelu(), geluTanh: gelu({ approximate: "tanh" }),
    silu: silu(), hardSwish: hardSwish(), softplus: softplus(),
  };
  const got = Object.entries(all).map(([name, layer]) => {
    const rec = new Recorder();
    if ("view" in layer || layer.backward === "dy") throw expect.fail(name);
    layer.backward(rec, { x, y, dy, dx }, { training: true });
    const { tensors, overrides } = rec.steps[0];
    return [name, tensors.z.name, overrides.SLOPE, overrides.ALPHA];
  });
  expect(got).toEqual([
    ["relu", "y", 1, 1], ["leakyRelu", "y", 4, 0.01], ["elu", "y", 5, 1], ["gelu", "x", 6, 1], ["geluTanh", "x", 7, 1],
    ["silu", "x", 8, 1], ["hardSwish", "x", 9, 1], ["softplus", "x", 10, 1],
  ]);
});

test("options out of range are refused", () => {
  expect(() => leakyRelu({ negativeSlope: -0.1 })).toThrow("negativeSlope is a number of at least 0, not -0.1");
  expect(() => elu({ alpha: NaN })).toThrow("alpha is a number of at least 0, not NaN");
  expect(() => softplus({ beta: 0 })).toThrow("beta is a number above 0, not 0");
  expect(() => gelu({ approximate: "erf" as "tanh" })).toThrow('approximate is "none" or "tanh", not erf');
});
