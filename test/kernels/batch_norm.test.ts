import { describe, test } from "vitest";
import * as forward from "../../src/generated/batch_norm.js";
import * as backward from "../../src/generated/batch_norm_backward.js";
import * as reference from "../reference/batch_norm.js";
import { expectClose, expectGradient, random, run, runners } from "../support.js";

// Both shaders, "batch_norm" and "batch_norm_backward", against their one twin.
const control = { M: 40, C: 3, rows: 9, splits: 5, eps: 1e-5, momentum: 0.1 };
const cases: Record<string, Partial<typeof control> & { shift?: number }> = {
  "control": {},
  "one split": { rows: 40, splits: 1 },
  "one channel": { C: 1 },
  "more channels than a workgroup": { C: 70, M: 6, rows: 2, splits: 3 },
  "two rows": { M: 2, rows: 1, splits: 2 },
  "a mean a thousand times the deviation": { shift: 1000, M: 64, rows: 16, splits: 4 },
  "another momentum and eps": { momentum: 0.3, eps: 1e-3 },
};
const pairs = (a: Float64Array, b: Float64Array) => Float64Array.from({ length: 2 * a.length }, (_, i) => i % 2 ? b[i >> 1] : a[i >> 1]);
const column = (values: ArrayLike<number>, which: 0 | 1) => Array.from({ length: values.length / 2 }, (_, i) => values[2 * i + which]);

describe.each(Object.keys(cases))("batch norm, %s", (name) => {
  const { shift = 0, ...d } = { ...control, ...cases[name] }, size = d.M * d.C, params = { ...d };
  const x = random(1, size).map((v) => Math.fround(v + shift)), weight = random(2, d.C), bias = random(3, d.C), dy = random(4, size);
  const before = { running_mean: random(5, d.C), running_var: random(6, d.C).map((v) => v + 2) };
  const stats = reference.statistics(d, x), want = reference.backward(d, x, stats.mean, stats.invstd, weight, dy, true);

  if (!shift) test("the twin's gradients agree with finite differences", () => {
    const y = () => { const s = reference.statistics(d, x); return reference.apply(d, x, s.mean, s.invstd, weight, bias); };
    if (d.M > 2) expectGradient("dx", y, dy, x, want.dx);  // two rows are ±1 but for eps: nothing to differentiate
    expectGradient("dweight", y, dy, weight, want.dweight);
    expectGradient("dbias", y, dy, bias, want.dbias);
  });

  test.each(Object.keys(runners))("agrees with its twin: %s", async (where) => {
    const go = runners[where], known = pairs(stats.mean, stats.invstd);
    const { partial } = await run(go, forward.batch_norm_partial, { x }, { partial: 2 * d.splits * d.C }, params, d.splits * d.C);
    const after = reference.running(d, stats, before.running_mean, before.running_var);
    const made = await run(go, forward.batch_norm_finalise, { parts: Float64Array.from(partial), ...before }, { stats: 2 * d.C, running_mean: d.C, running_var: d.C }, params, d.C);
    expectClose("mean", column(made.stats, 0), stats.mean, d.M, stats.mean.map((v) => Math.max(1, Math.abs(v))));
    expectClose("invstd", column(made.stats, 1), stats.invstd, shift ? 1e6 * d.M : 16 * d.M);
    expectClose("running mean", made.running_mean, after.running_mean, 16);
    expectClose("running variance", made.running_var, after.running_var, shift ? 1e6 : 16 * d.M);
    const { y } = await run(go, forward.batch_norm_apply, { x, known, weight, bias }, { y: size }, params, size);
    expectClose("y", y, reference.apply(d, x, stats.mean, stats.invstd, weight, bias), shift ? 1e7 : 16);

    const sums = await run(go, backward.batch_norm_backward_partial, { x, dy, known }, { partial: 2 * d.splits * d.C }, { ...params, TRAINING: 1 }, d.splits * d.C);
    const total = await run(go, backward.batch_norm_backward_sum, { parts: Float64Array.from(sums.partial) }, { sums: 2 * d.C, dweight: d.C, dbias: d.C }, { ...params, TRAINING: 1 }, d.C);
    const scale = want.dweight.map((v) => Math.max(1, Math.abs(v)));
    expectClose("dweight", total.dweight, want.dweight, shift ? 1e7 : 16 * d.M, scale);
    expectClose("dbias", total.dbias, want.dbias, d.M, scale);
    for (const TRAINING of [1, 0]) {
      const { dx } = await run(go, backward.batch_norm_backward_input, { x, dy, known, weight, totals: pairs(want.dbias, want.dweight) }, { dx: size }, { ...params, TRAINING }, size);
      expectClose(`dx, training ${TRAINING}`, dx, reference.backward(d, x, stats.mean, stats.invstd, weight, dy, TRAINING === 1).dx, shift ? 1e7 : 64, dy.map((v, i) => Math.abs(v * weight[i % d.C] * stats.invstd[i % d.C])));
    }
  });
});
