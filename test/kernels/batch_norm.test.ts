import { describe, expect, test } from "vitest";
import * as forward from "../../src/generated/batch_norm.js";
import * as backward from "../../src/generated/batch_norm_backward.js";
import type { Grid } from "../../src/gpu/recorder.js";
import * as reference from "../reference/batch_norm.js";
import { able, epilogue, expectClose, expectGradient, gpu, random, run, runners } from "../support.js";

// Both shaders, "batch_norm" and "batch_norm_backward", against their one twin. Those with barriers run on the GPU alone.
const control = { M: 40, C: 3, rows: 9, splits: 5, span: 16, columns_log2: 2, eps: 1e-5, momentum: 0.1, WIDTH: 1, WORKGROUP: 64 };
const cases: Record<string, Partial<typeof control> & { shift?: number }> = {
  "control": {},
  "one split": { rows: 40, splits: 1, span: 40 },
  "one channel": { C: 1 },
  "more channels than a workgroup": { C: 70, M: 6, rows: 2, splits: 3, span: 5 },
  "two rows": { M: 2, rows: 1, splits: 2, span: 1 },
  "a mean a thousand times the deviation": { shift: 1000, M: 64, rows: 16, splits: 4 },
  "another momentum and eps": { momentum: 0.3, eps: 1e-3 },
  "four channels an invocation": { C: 20, WIDTH: 4 },
  "two columns a workgroup, more lanes than rows": { C: 3, M: 23, rows: 9, splits: 3, columns_log2: 1 },
  "two columns a workgroup, four channels an invocation": { C: 12, WIDTH: 4, M: 100, rows: 40, splits: 3, span: 50, columns_log2: 1 },
  "256 lanes, as on GPUs": { C: 20, WIDTH: 4, M: 300, rows: 100, splits: 3, span: 128, WORKGROUP: 256 },
  "256 lanes, more than rows": { M: 23, rows: 9, splits: 3, WORKGROUP: 256 },
  "four channels an invocation, many rows": { C: 4, WIDTH: 4, M: 1000, rows: 128, splits: 8, span: 300 },
  "four channels, a mean a thousand times the deviation": { C: 4, WIDTH: 4, shift: 1000, M: 64, rows: 16, splits: 4 },
};
type Pair = readonly [ArrayLike<number>, ArrayLike<number>];

/** As the kernels keep several numbers for each channel: WIDTH of the first, WIDTH of the second, … */
const woven = (WIDTH: number, ...columns: ArrayLike<number>[]) => Float64Array.from({ length: columns.length * columns[0].length }, (_, i) =>
  columns[Math.floor(i / WIDTH) % columns.length][Math.floor(i / WIDTH / columns.length) * WIDTH + i % WIDTH]);

describe.each(Object.keys(cases))("batch norm, %s", (name) => {
  const { shift = 0, ...e } = { ...control, ...cases[name] }, d = { ...e, x_pitch: e.C, addend_pitch: e.C }, size = d.M * d.C, { WIDTH } = d, groups = Math.ceil(d.C / WIDTH / 2 ** d.columns_log2);
  const x = random(1, size).map((v) => Math.fround(v + shift)), weight = random(2, d.C), bias = random(3, d.C), dy = random(4, size);
  const before = { running_mean: random(5, d.C), running_var: random(6, d.C).map((v) => v + 2) };
  const stats = reference.statistics(d, x), want = reference.backward(d, x, stats.mean, stats.invstd, weight, dy, true);
  const after = reference.running(d, stats, before.running_mean, before.running_var), normal = reference.apply(d, x, stats.mean, stats.invstd, weight, bias);
  const moments = Array.from({ length: d.splits }, (_, z) => { const M = Math.min(d.rows, d.M - z * d.rows), s = reference.statistics({ ...d, M }, x.subarray(z * d.rows * d.C)); return woven(WIDTH, s.mean, s.m2); });
  const split: Grid = [groups, d.splits, 1], spans: Grid = [groups, Math.ceil(d.M / d.span), 1], column: Grid = [groups, 1, 1];
  const scaled = weight.map((v, c) => v * stats.invstd[c]), known = woven(WIDTH, stats.mean, stats.invstd, scaled), flat = (all: Float64Array[]) => Float64Array.from(all.flatMap((v) => [...v]));
  const few = (n: number) => shift ? 1e7 : n, channels = { stats: 3 * d.C, running_mean: d.C, running_var: d.C }, behind = epilogue(size);

  if (!shift && d.M < 100) test("the twin's gradients agree with finite differences", () => {
    const y = () => { const s = reference.statistics(d, x); return reference.apply(d, x, s.mean, s.invstd, weight, bias); };
    if (d.M > 2) expectGradient("dx", y, dy, x, want.dx);  // two rows are ±1 but for eps: nothing to differentiate
    expectGradient("dweight", y, dy, weight, want.dweight);
    expectGradient("dbias", y, dy, bias, want.dbias);
  });

  const closeRunning = (got: { running_mean: ArrayLike<number>; running_var: ArrayLike<number> }) => {
    expectClose("running mean", got.running_mean, after.running_mean, 16);
    expectClose("running variance", got.running_var, after.running_var, shift ? 1e6 : 16 * d.M);
  };
  const closeStats = (got: ArrayLike<number>) => {
    const of = (which: number) => Array.from({ length: d.C }, (_, c) => got[(Math.floor(c / WIDTH) * 3 + which) * WIDTH + c % WIDTH]);
    expectClose("mean", of(0), stats.mean, d.M, stats.mean.map((v) => Math.max(1, Math.abs(v))));
    expectClose("invstd", of(1), stats.invstd, shift ? 1e6 * d.M : 16 * d.M);
    expectClose("weight · invstd", of(2), scaled, shift ? 1e6 * d.M : 16 * d.M);
  };
  const closeSums = ({ dweight, dbias }: { dweight: ArrayLike<number>; dbias: ArrayLike<number> }, scale = want.dweight.map((v) => Math.max(1, Math.abs(v)))) => {
    expectClose("dweight", dweight, want.dweight, few(16 * d.M), scale);
    expectClose("dbias", dbias, want.dbias, d.M, scale);
  };
  const sizeOfDx = dy.map((v, i) => Math.abs(v * scaled[i % d.C]) + Math.abs(scaled[i % d.C]));
  const sums = { dx: size, dweight: d.C, dbias: d.C };

  test("column agrees with its twin, and so does what is fused behind it", async () => {
    const given = { x, weight, bias, ...before }, plain = await run(gpu, forward.batch_norm_column, given, { y: size, ...channels }, d, column);
    closeRunning(plain);
    closeStats(plain.stats);
    expectClose("y", plain.y, normal, few(16));
    const fused = await run(gpu, forward.batch_norm_column, { ...given, addend: behind.values.addend }, { y: size, ...channels }, { ...d, ADDEND: 1, fused: 1, ACTIVATION: 1 }, column);
    expectClose("y, fused", fused.y, normal.map((v, i) => Math.max(0, v + behind.values.addend[i])), few(16));

    const back = await run(gpu, backward.batch_norm_backward_column, { x, dy, known }, sums, { ...d, TRAINING: 1 }, column);
    closeSums(back);
    expectClose("dx", back.dx, want.dx, few(64), sizeOfDx);
    const sloped = await run(gpu, backward.batch_norm_backward_column, { x, dy, known, ...behind.values }, sums, { ...d, TRAINING: 1, ...behind.params }, column);
    expectClose("dx, fused", sloped.dx, behind.of(want.dx), few(64), sizeOfDx.map((v) => v + 1));
  });

  test("splits agree with their twin", async () => {
    const { partial } = await run(gpu, forward.batch_norm_partial, { x }, { partial: 2 * d.splits * d.C }, d, split);
    const found = flat(moments), [mean, m2]: Pair = [0, 1].map((which) => Array.from(partial).filter((_, i) => Math.floor(i / WIDTH) % 2 === which)) as unknown as Pair;
    const [wantMean, wantM2] = [0, 1].map((which) => found.filter((_, i) => Math.floor(i / WIDTH) % 2 === which));
    expectClose("means", mean, wantMean, d.rows, wantMean.map((v) => Math.max(1, Math.abs(v))));
    expectClose("M2", m2, wantM2, few(16 * d.rows), wantM2.map((v) => v + 1));
    const back = await run(gpu, backward.batch_norm_backward_partial, { x, dy, weight, moments: flat(moments) }, { partial: 2 * d.splits * d.C, stats: 3 * d.C }, { ...d, TRAINING: 1 }, split);
    closeStats(back.stats);
    const total = await run(gpu, backward.batch_norm_backward_input, { x, dy, known, parts: Float64Array.from(back.partial) }, sums, { ...d, TRAINING: 1 }, spans);
    closeSums(total);
    expectClose("dx", total.dx, want.dx, few(64), sizeOfDx);
  });

  test.each(able(WIDTH))("what has no barrier agrees with its twin: %s", async (where) => {
    const go = runners[where], given = { x, weight, bias }, { addend } = behind.values;
    const applied = await run(go, forward.batch_norm_apply, { ...given, parts: flat(moments), addend, ...before }, { y: size, running_mean: d.C, running_var: d.C }, { ...d, ADDEND: 1, fused: 1 }, spans);
    closeRunning(applied);
    expectClose("y", applied.y, normal.map((v, i) => v + addend[i]), few(16), normal.map((v) => Math.abs(v) + 1));
    const known_mean = before.running_mean, known_var = before.running_var, invstd = known_var.map((v) => 1 / Math.sqrt(v + d.eps));
    const { y } = await run(go, forward.batch_norm_evaluate, { ...given, known_mean, known_var }, { y: size }, d, spans);
    expectClose("y, evaluation", y, reference.apply(d, x, known_mean, invstd, weight, bias), 16);
    const still = await run(go, forward.batch_norm_running, { known_mean, known_var, weight }, { stats: 3 * d.C }, d, d.C);
    expectClose("stats, evaluation", still.stats, woven(WIDTH, known_mean, invstd, weight.map((v, c) => v * invstd[c])), 16);
    const parts = flat([woven(WIDTH, want.dbias, want.dweight), ...Array.from({ length: d.splits - 1 }, () => new Float64Array(2 * d.C))]);
    for (const TRAINING of [1, 0]) {
      const { dx } = await run(go, backward.batch_norm_backward_input, { x, dy, known, parts, addend }, sums, { ...d, TRAINING, ADDEND: 1, fused: 1 }, spans);
      const wanted = reference.backward(d, x, stats.mean, stats.invstd, weight, dy, TRAINING === 1).dx.map((v, i) => v + addend[i]);
      expectClose(`dx, training ${TRAINING}`, dx, wanted, few(64), sizeOfDx.map((v) => v + 1));
    }
  });
});

test("what is woven can be told apart", () => {
  expect([...woven(1, [1, 2], [3, 4])]).toEqual([1, 3, 2, 4]);
  expect([...woven(2, [1, 2, 3, 4], [5, 6, 7, 8])]).toEqual([1, 2, 5, 6, 3, 4, 7, 8]);
});
