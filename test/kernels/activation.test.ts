import { describe, expect, test } from "vitest";
import { activation_backward, activation_forward } from "../../src/generated/activation.js";
import * as reference from "../reference/activation.js";
import { expectClose, expectGradient, random, run, runners, threeRows } from "../support.js";

const activations = { identity: 0, relu: 1, sigmoid: 2, tanh: 3 } as const;
const inputs = (size: number, scale: number) => ({ x: random(1, size).map((v) => Math.fround(v * scale)), dy: random(2, size) });
const cases: Record<string, { size: number; scale: number }> = {
  "control": { size: 40, scale: 3 }, "one element": { size: 1, scale: 3 }, "to ±100": { size: 67, scale: 100 }, "grid folded into y": { size: 200, scale: 10 },
};

describe.each(Object.entries(activations))("activation, %s", (name, ACTIVATION) => {
  test("the twin's gradient agrees with finite differences", () => {
    const { x, dy } = inputs(40, 3), d = { size: 40, ACTIVATION };
    expectGradient("dx", () => reference.forward(d, x), dy, x, reference.backward(d, reference.forward(d, x), dy));
  });

  describe.each(Object.keys(runners))("%s", (where) => {
    test.each(Object.keys(cases))("agrees with its twin, %s", async (which) => {
      const { size, scale } = cases[which], { x, dy } = inputs(size, scale), d = { size, ACTIVATION };
      const z = reference.forward(d, x).map(Math.fround), work = which === "grid folded into y" ? threeRows(size) : size;
      const { y } = await run(runners[where], activation_forward, { x }, { y: size }, { ...d }, work);
      const { dx } = await run(runners[where], activation_backward, { z, dy }, { dx: size }, { ...d }, work);
      expectClose("y", y, reference.forward(d, x), 4);
      expectClose("dx", dx, reference.backward(d, z, dy), 4);
    });

    test("is a number wherever x is one, and right to the last few bits near 0", async () => {
      const x = Float64Array.of(0, 100, -100, 1e4, -1e4, 3e38, -3e38, ...Array.from({ length: 60 }, (_, i) => (i % 2 ? -1 : 1) * 10 ** (1 - i / 10))).map(Math.fround);
      const d = { size: x.length, ACTIVATION }, { y } = await run(runners[where], activation_forward, { x }, { y: x.length }, { ...d });
      const want = reference.forward(d, x), dy = x.map(() => 1);
      const { dx } = await run(runners[where], activation_backward, { z: y, dy }, { dx: x.length }, { ...d });
      for (let i = 0; i < x.length; i++) {
        const tolerance = name === "tanh" ? 4e-6 : 4e-7;  // tanh cancels a little above its series: 1 − 2 / (exp 2x + 1)
        if (!(Math.abs(y[i] - want[i]) <= tolerance * Math.abs(want[i]) + 1e-36)) expect.fail(`${name}(${x[i]}): got ${y[i]}, want ${want[i]}`);
        if (!Number.isFinite(dx[i])) expect.fail(`slope of ${name} at ${x[i]} is ${dx[i]}`);
      }
    });
  });
});
