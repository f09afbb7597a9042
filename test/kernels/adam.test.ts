import { describe, expect, test } from "vitest";
import { adam_update } from "../../src/generated/adam.js";
import { Recorder, tensor } from "../../src/gpu/recorder.js";
import { adam, adamw, OptionError } from "../../src/index.js";
import * as reference from "../reference/adam.js";
import { able, clock, expectClose, random, run, runners, threeRows } from "../support.js";

const control = {
  size: 37, WIDTH: 1, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0, DECOUPLED: 0, lr: 0.01, from: 0,
};
const cases: Record<string, Partial<typeof control>> = {
  "control": {},
  "weight decay": { weight_decay: 0.1 },
  "decoupled weight decay": { weight_decay: 0.1, DECOUPLED: 1 },
  "no running means": { beta1: 0, beta2: 0 },
  "other betas": { beta1: 0.5, beta2: 0.9 },
  "a large eps": { eps: 0.1 },
  "one parameter": { size: 1 },
  "four parameters an invocation": { size: 84, WIDTH: 4 },
  "grid folded into y": { size: 200 },
  "a late step": { from: 100_000 },
};

describe.each(Object.keys(cases))("adam, %s", (name) => {
  const { lr, from, ...d } = { ...control, ...cases[name] }, { size, beta1, beta2 } = d;
  const work = name === "grid folded into y" ? threeRows(size) : size;
  const params = {
    ...d, alpha1: 1 - beta1, alpha2: 1 - beta2,
    log_beta1: Math.max(Math.log(beta1), -100), log_beta2: Math.max(Math.log(beta2), -100),
  };

  test.each(able(d.WIDTH))("four steps agree with their twin: %s", async (where) => {
    const want = { param: random(1, size), m: new Float64Array(size), v: new Float64Array(size) };
    let got: Record<"param" | "m" | "v", ArrayLike<number>> = {
      param: want.param.slice(), m: want.m.slice(), v: want.v.slice(),
    };
    for (let step = from; step < from + 4; step++) {
      const dparam = random(10 + step, size), given = { ...got, dparam, clock: clock({ step, lr }) };
      got = await run(runners[where], adam_update, given, { param: size, m: size, v: size }, params, work);
      reference.update(d, { step, lr }, want.param, dparam, want.m, want.v);
    }
    expectClose("param", got.param, want.param, 16);
    expectClose("m", got.m, want.m, 16);
    expectClose("v", got.v, want.v, 16);
    const moved = (to: ArrayLike<number>) => Float64Array.from(random(1, size), (p, i) => to[i] - p);
    // What the rounding of param leaves of it.
    expectClose("change of param", moved(got.param), moved(want.param), 256 / lr);
  });
});

test.each(Object.keys(runners))("a gradient of 0 moves nothing in the first step: %s", async (where) => {
  const param = random(1, 5), none = new Float64Array(5);
  const params = {
    size: 5, alpha1: 0.1, alpha2: 0.001, log_beta1: Math.log(0.9), log_beta2: Math.log(0.999),
    eps: 1e-8, weight_decay: 0, DECOUPLED: 0,
  };
  const given = { param, dparam: none, m: none.slice(), v: none.slice(), clock: clock({ lr: 0.1 }) };
  const got = await run(runners[where], adam_update, given, { param: 5, m: 5, v: 5 }, params);
  expect([...got.param]).toEqual([...param]);
  expect([...got.m, ...got.v].every((value) => value === 0)).toBe(true);
});

test("the host gives the numbers that the kernel would lose digits of", () => {
  const rec = new Recorder();
  const t = Object.fromEntries(["param", "dparam", "clock", "m", "v"].map((name) => [name, tensor(name, [8])]));
  for (const optimizer of [adam(), adamw({ betas: [0, 0.99] })])
    optimizer.record(rec, t as Parameters<typeof optimizer.record>[1]);
  expect(rec.steps[0].params).toMatchObject({ size: 8, log_beta2: Math.log(0.999), weight_decay: 0, DECOUPLED: 0 });
  expect(rec.steps[1].params).toMatchObject({ alpha1: 1, log_beta1: -100, weight_decay: 0.01, DECOUPLED: 1 });
  expect(adam().states).toEqual(["m", "v"]);
});

test("options out of range are refused", () => {
  const bad = [
    { lr: -1 }, { lr: NaN }, { eps: -1 }, { weightDecay: -1 },
    { betas: [1, 0.9] }, { betas: [0.9, -0.1] }, { betas: [NaN, 0] },
  ] as const;
  for (const options of bad) for (const make of [adam, adamw])
    expect(() => make(options), JSON.stringify(options)).toThrow(OptionError);
});
