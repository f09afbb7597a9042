import { describe, expect, test } from "vitest";
import {
  rmsprop_centered, rmsprop_centered_momentum, rmsprop_momentum, rmsprop_update,
} from "../../src/generated/rmsprop.js";
import type { Kernel } from "../../src/gpu/kernel.js";
import { Recorder, tensor } from "../../src/gpu/recorder.js";
import { OptionError, rmsprop } from "../../src/index.js";
import * as reference from "../reference/rmsprop.js";
import { able, clock, expectClose, random, run, runners, threeRows } from "../support.js";

const control = { size: 37, WIDTH: 1, alpha: 0.99, eps: 1e-8, weight_decay: 0, momentum: 0.9, lr: 0.01 };
const cases: Record<string, Partial<typeof control>> = {
  "control": {},
  "weight decay": { weight_decay: 0.1 },
  "another alpha": { alpha: 0.5 },
  "a large eps": { eps: 0.1 },
  "one parameter": { size: 1 },
  "four parameters an invocation": { size: 84, WIDTH: 4 },
  "grid folded into y": { size: 200 },
};
const kernels: [Kernel, states: string[]][] = [
  [rmsprop_update, ["square"]], [rmsprop_momentum, ["square", "velocity"]],
  [rmsprop_centered, ["square", "average"]], [rmsprop_centered_momentum, ["square", "average", "velocity"]],
];

describe.each(Object.keys(cases))("rmsprop, %s", (name) => {
  const { lr, ...d } = { ...control, ...cases[name] }, { size } = d;
  const work = name === "grid folded into y" ? threeRows(size) : size;

  test.each(able(d.WIDTH))("four steps of each kernel agree with their twin: %s", async (where) => {
    for (const [kernel, states] of kernels) {
      const want: Record<string, Float64Array> = { param: random(1, size) };
      const sizes: Record<string, number> = { param: size };
      for (const state of states) { want[state] = new Float64Array(size); sizes[state] = size; }
      let got: Record<string, ArrayLike<number>> = Object.fromEntries(
        Object.entries(want).map(([k, v]) => [k, v.slice()]),
      );
      for (let step = 0; step < 4; step++) {
        const dparam = random(10 + step, size), given = { ...got, dparam, clock: clock({ step, lr }) };
        got = await run(runners[where], kernel, given, sizes, { ...d, rest: 1 - d.alpha }, work);
        reference.update(d, { lr }, want.param, dparam, want.square, want.average, want.velocity);
      }
      for (const state of ["param", ...states]) expectClose(`${kernel.entry}: ${state}`, got[state], want[state], 64);
    }
  });
});

test.each(
  Object.keys(runners),
)("a gradient that never changes is divided by its size, or by eps at least: %s", async (where) => {
  const d = { size: 3, alpha: 0, rest: 1, eps: 0.5, weight_decay: 0, momentum: 0 }, zeros = () => new Float64Array(3);
  const dparam = Float64Array.of(0, 1, -0.3);
  const given = { param: zeros(), dparam, square: zeros(), average: zeros(), clock: clock({ lr: 1 }) };
  const { param: plain } = await run(runners[where], rmsprop_update, given, { param: 3 }, d);
  expectClose("plain", plain, Float64Array.of(0, -1 / 1.5, 0.3 / 0.8), 4);
  // alpha 0: nothing is left of what was.
  const old = { ...given, square: Float64Array.of(1e8, 1e8, 1e8) };
  const { param: forgot } = await run(runners[where], rmsprop_update, old, { param: 3 }, d);
  expectClose("forgot", forgot, Float64Array.from(plain), 4);
  // s − a² is 0 up to rounding.
  const { param: centered } = await run(runners[where], rmsprop_centered, given, { param: 3 }, d);
  expectClose("centered", centered, Float64Array.of(0, -2, 0.6), 2 ** 22);
  // … and where a² is above s, as rounding may have it, not its root's NaN.
  const below = { ...given, square: Float64Array.of(0.01, 0.01, 0.01), average: Float64Array.of(0.2, 0.2, 0.2) };
  const still = { ...d, rest: 0 };
  const { param: least } = await run(runners[where], rmsprop_centered, below, { param: 3 }, still);
  expectClose("a² above s", least, Float64Array.of(0, -2, 0.6), 4);
});

test("options choose the kernel and its states", () => {
  const names = ["param", "dparam", "clock", "square", "average", "momentum"];
  const chosen = [{}, { momentum: 0.9 }, { centered: true }, { centered: true, momentum: 0.9 }].map((options) => {
    const rec = new Recorder(), optimizer = rmsprop(options);
    const bound = names.filter((n, i) => i < 3 || optimizer.states.includes(n));
    const t = Object.fromEntries(bound.map((n) => [n, tensor(n, [8])]));
    optimizer.record(rec, t as Parameters<typeof optimizer.record>[1]);
    return rec.steps.map((s) => s.kernel.entry).join();
  });
  expect(chosen).toEqual(kernels.map(([{ entry }]) => entry));
});

test("options out of range are refused", () => {
  const bad = [{ lr: -1 }, { alpha: 1 }, { alpha: NaN }, { eps: -1 }, { weightDecay: -1 }, { momentum: Infinity }];
  for (const options of bad) expect(() => rmsprop(options), JSON.stringify(options)).toThrow(OptionError);
});
