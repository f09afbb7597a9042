import { describe, test } from "vitest";
import { sgd_momentum, sgd_update } from "../../src/generated/sgd.js";
import * as reference from "../reference/sgd.js";
import { able, clock, expectClose, random, run, runners, threeRows } from "../support.js";

const control = { size: 37, WIDTH: 1, weight_decay: 0, momentum: 0.9, dampening: 0, NESTEROV: 0, lr: 0.1 };
const cases: Record<string, Partial<typeof control>> = {
  "control": {},
  "weight decay": { weight_decay: 0.01 },
  "dampening": { dampening: 0.5 },
  "Nesterov": { NESTEROV: 1 },
  "Nesterov and weight decay": { NESTEROV: 1, weight_decay: 0.1 },
  "one parameter": { size: 1 },
  "four parameters an invocation": { size: 84, WIDTH: 4 },
  "another learning rate": { lr: 0.003 },
  "grid folded into y": { size: 200 },
};

describe.each(Object.keys(cases))("sgd, %s", (name) => {
  const { lr, ...d } = { ...control, ...cases[name] }, { size } = d;
  const work = name === "grid folded into y" ? threeRows(size) : size;

  test.each(able(d.WIDTH))("an update agrees with its twin: %s", async (where) => {
    const given = { param: random(1, size), dparam: random(2, size), clock: clock({ step: 3, lr }) };
    const want = given.param.slice();
    const { param } = await run(runners[where], sgd_update, given, { param: size }, d, work);
    reference.update(d, { step: 3, lr }, want, given.dparam);
    expectClose("param", param, want, 4);
  });

  test.each(able(d.WIDTH))("four steps with momentum agree with their twin: %s", async (where) => {
    // The first step reads no velocity.
    const want = { param: random(1, size), velocity: new Float64Array(size).fill(NaN) };
    let got: Record<"param" | "velocity", ArrayLike<number>> = {
      param: want.param.slice(), velocity: want.velocity.slice(),
    };
    for (let step = 0; step < 4; step++) {
      const dparam = random(10 + step, size), given = { ...got, dparam, clock: clock({ step, lr }) };
      got = await run(runners[where], sgd_momentum, given, { param: size, velocity: size }, d, work);
      reference.momentum(d, { step, lr }, want.param, dparam, want.velocity);
    }
    expectClose("param", got.param, want.param, 16);
    expectClose("velocity", got.velocity, want.velocity, 16);
  });
});
