import { OptionError, ShapeError } from "../errors.js";
import {
  batch_norm_apply, batch_norm_column, batch_norm_evaluate, batch_norm_partial, batch_norm_running,
} from "../generated/batch_norm.js";
import {
  batch_norm_backward_column, batch_norm_backward_input, batch_norm_backward_partial,
} from "../generated/batch_norm_backward.js";
import { tensor, type Recorder, type Rung, type Target, type Tensor } from "../gpu/recorder.js";
import { known } from "../options.js";
import { folding } from "./foldBatchNorm.js";
import { ones, zeros } from "./init.js";
import { nchw, type Layer, type ParamSpec } from "./layer.js";

/** What batchNorm() takes. As torch.nn.BatchNorm1d and BatchNorm2d; num_features comes from the input. */
export interface BatchNormOptions {
  /** Added to the variance. Default 1e-5. */
  eps?: number;
  /** How much of a batch's statistics goes into the running ones, 0 to 1. Default 0.1, PyTorch's. */
  momentum?: number;
  /**
   * False keeps weight and bias as they are, and running statistics,
   * which are then used as in evaluation; see freeze(). Default true.
   */
  requiresGrad?: boolean;
}

/** Rows that the column rung takes, at most: on GPUs, where its lanes wait for row after row, and on CPUs. */
const COLUMN = 2 ** 11, COLUMN_CPU = 2 ** 17;
/** Row splits of partial, at most: on GPUs, for which `moments` has room, and on CPUs. */
const SPLITS = 64, SPLITS_CPU = 16;
/** Rows of a split, at least: fewer cost more to combine than to sum. */
const LEAST = 256;
/** Rows that a workgroup of apply takes. */
const SPAN = 1024, SPAN_CPU = 4096;

interface Dims {
  M: number; C: number; rows: number; splits: number; span: number; columns_log2: number;
  eps: number; momentum: number; x_pitch: number; addend_pitch: number; WIDTH: 1 | 4; TRAINING: number;
}
const groups = ({ C, WIDTH, columns_log2 }: Dims) => Math.ceil(C / WIDTH / 2 ** columns_log2);
const spans = ({ M, span }: Dims) => Math.ceil(M / span);
const short = ({ M }: Dims, { gpu }: Target) => M <= (gpu ? COLUMN : COLUMN_CPU);
/** A workgroup for a whole column has many lanes on a GPU, for a lane takes its rows one by one. */
const lanes = ({ target: { gpu, invocations = 256 } }: Recorder, d: Dims) =>
  ({ ...d, WORKGROUP: gpu ? Math.min(256, invocations) : 64 });

type Forward = "x" | "y" | "weight" | "bias" | "stats" | "moments" | "running_mean" | "running_var";
/**
 * y, running statistics and what backward needs ← x by the batch's statistics.
 * Only the one of stats and moments that a rung fills takes memory.
 */
const forwardLadder: readonly Rung<Dims, Forward>[] = [
  { name: "column", fits: short, record(rec, { moments: _, ...t }, d) {
    rec.dispatch(batch_norm_column, { ...t, addend: t.x }, lanes(rec, d), [groups(d), 1, 1]);
  } },
  { name: "split", fits: () => true, record(rec, { x, y, weight, bias, moments, running_mean, running_var }, d) {
    rec.dispatch(batch_norm_partial, { x, partial: moments }, d, [groups(d), d.splits, 1]);
    rec.dispatch(
      batch_norm_apply, { x, parts: moments, running_mean, running_var, weight, bias, y, addend: x },
      d, [groups(d), spans(d), 1]);
  } },
];

type Backward = "x" | "dy" | "weight" | "stats" | "moments" | "dx" | "dweight" | "dbias";
/** dx, dweight, dbias ← dy, and what the same rung of forward left. */
const backwardLadder: readonly Rung<Dims, Backward>[] = [
  { name: "column", fits: short, record(rec, { x, dy, stats, dx, dweight, dbias }, d) {
    rec.dispatch(
      batch_norm_backward_column, { x, dy, known: stats, dweight, dbias, dx, addend: dy, z: dy },
      lanes(rec, d), [groups(d), 1, 1]);
  } },
  { name: "split", fits: () => true, record(rec, { x, dy, weight, stats, moments, dx, dweight, dbias }, d) {
    const partial = tensor("partial", [d.splits, d.C, 2]);
    rec.dispatch(
      batch_norm_backward_partial, { x, dy, moments, weight, stats, partial }, d, [groups(d), d.splits, 1]);
    rec.dispatch(
      batch_norm_backward_input, { x, dy, known: stats, parts: partial, dweight, dbias, dx, addend: dy },
      d, [groups(d), spans(d), 1]);
  } },
];

/**
 * Batch normalisation of [N, C, H, W] or [N, features], per channel (Ioffe and Szegedy 2015). Training uses the batch's
 * own statistics and moves the running ones, whose variance is the unbiased one; evaluation uses the running ones. A
 * ShapeError where a batch has one value a channel. Maths and kernels: shaders/batch_norm.wgsl,
 * batch_norm_backward.wgsl. Names in files: weight, bias, running_mean, running_var.
 */
export function batchNorm(
  options: BatchNormOptions = {},
): Layer<"weight" | "bias", "stats" | "moments", "x", "running_mean" | "running_var"> {
  const { eps = 1e-5, momentum = 0.1, requiresGrad } = known("batchNorm", options, "eps, momentum, requiresGrad");
  if (!(eps > 0) || !(momentum >= 0 && momentum <= 1)) throw new OptionError(
    `batchNorm takes an eps above 0 and a momentum from 0 to 1, not ${eps} and ${momentum}`, { eps, momentum });
  const channels = (x: readonly number[], init: ParamSpec["init"]): ParamSpec =>
    ({ shape: [x.at(-1)!], init, fan: { in: 1, out: 1 }, ...x.length === 2 && { features: 0 } });

  /** Rows, channels, and cuts that keep the adapter busy: workgroups of 4 columns, on CPUs of 2 where 4 are all. */
  function dims(rec: Recorder, x: Tensor, training: boolean): Dims {
    const C = x.shape.at(-1)!, M = x.size / C, { gpu } = rec.target, WIDTH = rec.wide(C);
    const rows = Math.ceil(M / Math.min(gpu ? SPLITS : SPLITS_CPU, Math.ceil(M / LEAST))), splits = Math.ceil(M / rows);
    return {
      M, C, rows, splits, span: gpu ? SPAN : SPAN_CPU, columns_log2: gpu || C > 4 * WIDTH ? 2 : 1,
      eps, momentum, x_pitch: C, addend_pitch: C, WIDTH, TRAINING: Number(training),
    };
  }

  return {
    name: "batchNorm", requiresGrad, fusing: folding,

    shape(x) {
      if (x.length !== 2 && x.length !== 4)
        throw new ShapeError(`expected [N, C, H, W] or [N, features], got ${nchw(x)}`, { got: x });
      return x;
    },

    checkTrainable(x) {
      if (x.every((extent, axis) => extent === 1 || axis === x.length - 1)) throw new ShapeError(
        "needs more than one value per channel to learn from; choose another batch size: the last batch of an epoch "
          + "has only the images that are left",
        { got: x });
    },

    params: (x) => ({ weight: channels(x, ones), bias: channels(x, zeros) }),
    state: (x) => ({ running_mean: channels(x, zeros), running_var: channels(x, ones) }),
    saved: (x) => ({ stats: [x.at(-1)!, 3], moments: [SPLITS, x.at(-1)!, 2] }),

    forward(rec, { x, y, weight, bias, stats, moments, running_mean, running_var }, { training }) {
      const d = dims(rec, x, training);
      if (training) rec.climb(
        forwardLadder, { x, y, weight, bias, stats, moments, running_mean, running_var }, d, "batchNorm");
      else rec.dispatch(
        batch_norm_evaluate, { x, y, weight, bias, known_mean: running_mean, known_var: running_var, addend: x },
        d, [groups(d), spans(d), 1]);
    },

    backward(rec, { x, weight, stats, moments, running_mean, running_var, dy, ...wanted }, { training }) {
      const d = dims(rec, x, training), unused = (t: Tensor) => tensor("unused", t.shape);
      const { dx = unused(x), dweight = unused(weight), dbias = unused(weight) } = wanted;
      const t = { x, dy, weight, stats, moments, dx, dweight, dbias };
      if (training) return rec.climb(backwardLadder, t, d, "batchNorm");
      rec.dispatch(batch_norm_running, { stats, known_mean: running_mean, known_var: running_var, weight }, d, d.C);
      if (wanted.dweight || wanted.dbias) backwardLadder[0].record(rec, t, d);
      else rec.dispatch(
        batch_norm_backward_input, { x, dy, known: stats, parts: stats, dweight, dbias, dx, addend: dy },
        { ...d, splits: 1 }, [groups(d), spans(d), 1]);
    },
  };
}
