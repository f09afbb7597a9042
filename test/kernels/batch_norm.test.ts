import { describe, expect, test } from "vitest";
import * as forward from "../../src/generated/batch_norm.js";
import * as backward from "../../src/generated/batch_norm_backward.js";
import type { Grid } from "../../src/gpu/recorder.js";
import * as reference from "../reference/batch_norm.js";
import { able, epilogue, expectClose, expectGradient, gpu, random, run, runners } from "../support.js";
import { cases, control } from "./batch_norm_cases.js";

// Both shaders, "batch_norm" and "batch_norm_backward", against their one twin.
// Those with barriers run on the GPU alone.

type Numbers = ArrayLike<number>;

/** As the kernels keep several numbers for each channel: WIDTH of the first, WIDTH of the second, … */
const woven = (WIDTH: number, ...columns: Numbers[]) =>
  Float64Array.from({ length: columns.length * columns[0].length }, (_, i) => {
    const block = Math.floor(i / WIDTH);
    return columns[block % columns.length][Math.floor(block / columns.length) * WIDTH + i % WIDTH];
  });
const flat = (all: Float64Array[]) => Float64Array.from(all.flatMap((v) => [...v]));

describe.each(Object.keys(cases))("batch norm, %s", (name) => {
  const { shift = 0, ...e } = { ...control, ...cases[name] }, d = { ...e, x_pitch: e.C, addend_pitch: e.C };
  const size = d.M * d.C, { WIDTH } = d, groups = Math.ceil(d.C / WIDTH / 2 ** d.columns_log2);
  const split: Grid = [groups, d.splits, 1], spans: Grid = [groups, Math.ceil(d.M / d.span), 1];
  const column: Grid = [groups, 1, 1];

  const x = random(1, size).map((v) => Math.fround(v + shift)), dy = random(4, size);
  const weight = random(2, d.C), bias = random(3, d.C), behind = epilogue(size);
  const before = { running_mean: random(5, d.C), running_var: random(6, d.C).map((v) => v + 2) };
  const stats = reference.statistics(d, x), want = reference.backward(d, x, stats.mean, stats.invstd, weight, dy, true);
  const after = reference.running(d, stats, before.running_mean, before.running_var);
  const normal = reference.apply(d, x, stats.mean, stats.invstd, weight, bias);
  const moments = flat(Array.from({ length: d.splits }, (_, z) => {
    const M = Math.min(d.rows, d.M - z * d.rows);
    const { mean, m2 } = reference.statistics({ ...d, M }, x.subarray(z * d.rows * d.C));
    return woven(WIDTH, mean, m2);
  }));
  const scaled = weight.map((v, c) => v * stats.invstd[c]), known = woven(WIDTH, stats.mean, stats.invstd, scaled);
  const few = (n: number) => shift ? 1e7 : n;

  if (!shift && d.M < 100) test("the twin's gradients agree with finite differences", () => {
    const y = () => {
      const { mean, invstd } = reference.statistics(d, x);
      return reference.apply(d, x, mean, invstd, weight, bias);
    };
    if (d.M > 2) expectGradient("dx", y, dy, x, want.dx);  // two rows are ±1 but for eps: nothing to differentiate
    expectGradient("dweight", y, dy, weight, want.dweight);
    expectGradient("dbias", y, dy, bias, want.dbias);
  });

  const closeRunning = (got: { running_mean: Numbers; running_var: Numbers }) => {
    expectClose("running mean", got.running_mean, after.running_mean, 16);
    expectClose("running variance", got.running_var, after.running_var, shift ? 1e6 : 16 * d.M);
  };
  const closeStats = (got: Numbers) => {
    const of = (which: number) =>
      Array.from({ length: d.C }, (_, c) => got[(Math.floor(c / WIDTH) * 3 + which) * WIDTH + c % WIDTH]);
    expectClose("mean", of(0), stats.mean, d.M, stats.mean.map((v) => Math.max(1, Math.abs(v))));
    expectClose("invstd", of(1), stats.invstd, shift ? 1e6 * d.M : 16 * d.M);
    expectClose("weight · invstd", of(2), scaled, shift ? 1e6 * d.M : 16 * d.M);
  };
  const closeSums = ({ dweight, dbias }: { dweight: Numbers; dbias: Numbers }) => {
    const scale = want.dweight.map((v) => Math.max(1, Math.abs(v)));
    expectClose("dweight", dweight, want.dweight, few(16 * d.M), scale);
    expectClose("dbias", dbias, want.dbias, d.M, scale);
  };
  const sizeOfDx = dy.map((v, i) => Math.abs(v * scaled[i % d.C]) + Math.abs(scaled[i % d.C]));
  const sums = { dx: size, dweight: d.C, dbias: d.C };
  const channels = { stats: 3 * d.C, running_mean: d.C, running_var: d.C };

  test("column agrees with its twin, and so does what is fused behind it", async () => {
    const given = { x, weight, bias, ...before }, sizes = { y: size, ...channels }, { addend } = behind.values;
    const plain = await run(gpu, forward.batch_norm_column, given, sizes, d, column);
    closeRunning(plain);
    closeStats(plain.stats);
    expectClose("y", plain.y, normal, few(16));
    const relued = { ...d, ADDEND: 1, fused: 1, ACTIVATION: 1 };
    const fused = await run(gpu, forward.batch_norm_column, { ...given, addend }, sizes, relued, column);
    expectClose("y, fused", fused.y, normal.map((v, i) => Math.max(0, v + addend[i])), few(16));

    const there = { x, dy, known }, training = { ...d, TRAINING: 1 };
    const back = await run(gpu, backward.batch_norm_backward_column, there, sums, training, column);
    closeSums(back);
    expectClose("dx", back.dx, want.dx, few(64), sizeOfDx);
    const sloped = await run(
      gpu, backward.batch_norm_backward_column, { ...there, ...behind.values }, sums, { ...training, ...behind.params },
      column,
    );
    expectClose("dx, fused", sloped.dx, behind.of(want.dx), few(64), sizeOfDx.map((v) => v + 1));
  });

  test("splits agree with their twin", async () => {
    const unwoven = (both: Numbers) =>
      [0, 1].map((which) => Float64Array.from(both).filter((_, i) => Math.floor(i / WIDTH) % 2 === which));
    const sizes = { partial: 2 * d.splits * d.C }, training = { ...d, TRAINING: 1 };
    const { partial } = await run(gpu, forward.batch_norm_partial, { x }, sizes, d, split);
    const [mean, m2] = unwoven(partial), [wantMean, wantM2] = unwoven(moments);
    expectClose("means", mean, wantMean, d.rows, wantMean.map((v) => Math.max(1, Math.abs(v))));
    expectClose("M2", m2, wantM2, few(16 * d.rows), wantM2.map((v) => v + 1));
    const there = { x, dy, weight, moments }, wider = { ...sizes, stats: 3 * d.C };
    const back = await run(gpu, backward.batch_norm_backward_partial, there, wider, training, split);
    closeStats(back.stats);
    const parts = Float64Array.from(back.partial);
    const total = await run(gpu, backward.batch_norm_backward_input, { x, dy, known, parts }, sums, training, spans);
    closeSums(total);
    expectClose("dx", total.dx, want.dx, few(64), sizeOfDx);
  });

  test.each(able(WIDTH))("what has no barrier agrees with its twin: %s", async (where) => {
    const go = runners[where], given = { x, weight, bias }, { addend } = behind.values;
    const fused = { ADDEND: 1, fused: 1 }, sizes = { y: size, running_mean: d.C, running_var: d.C };
    const applied = await run(
      go, forward.batch_norm_apply, { ...given, parts: moments, addend, ...before }, sizes, { ...d, ...fused }, spans,
    );
    closeRunning(applied);
    expectClose("y", applied.y, normal.map((v, i) => v + addend[i]), few(16), normal.map((v) => Math.abs(v) + 1));
    const known_mean = before.running_mean, known_var = before.running_var;
    const invstd = known_var.map((v) => 1 / Math.sqrt(v + d.eps));
    const still = { known_mean, known_var, weight };
    const { y } = await run(go, forward.batch_norm_evaluate, { ...still, x, bias }, { y: size }, d, spans);
    expectClose("y, evaluation", y, reference.apply(d, x, known_mean, invstd, weight, bias), 16);
    const { stats: evaluated } = await run(go, forward.batch_norm_running, still, { stats: 3 * d.C }, d, d.C);
    const wantedStats = woven(WIDTH, known_mean, invstd, weight.map((v, c) => v * invstd[c]));
    expectClose("stats, evaluation", evaluated, wantedStats, 16);
    const rest = Array.from({ length: d.splits - 1 }, () => new Float64Array(2 * d.C));
    const parts = flat([woven(WIDTH, want.dbias, want.dweight), ...rest]);
    for (const TRAINING of [1, 0]) {
      const there = { x, dy, known, parts, addend }, params = { ...d, TRAINING, ...fused };
      const { dx } = await run(go, backward.batch_norm_backward_input, there, sums, params, spans);
      const alone = reference.backward(d, x, stats.mean, stats.invstd, weight, dy, TRAINING === 1).dx;
      const wanted = alone.map((v, i) => v + addend[i]);
      expectClose(`dx, training ${TRAINING}`, dx, wanted, few(64), sizeOfDx.map((v) => v + 1));
    }
  });
});

test("what is woven can be told apart", () => {
  expect([...woven(1, [1, 2], [3, 4])]).toEqual([1, 3, 2, 4]);
  expect([...woven(2, [1, 2, 3, 4], [5, 6, 7, 8])]).toEqual([1, 2, 5, 6, 3, 4, 7, 8]);
});
