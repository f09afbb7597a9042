import { OptionError, ShapeError } from "../errors.js";
import { batch_norm_apply, batch_norm_finalise, batch_norm_partial, batch_norm_running } from "../generated/batch_norm.js";
import { batch_norm_backward_input, batch_norm_backward_partial, batch_norm_backward_sum } from "../generated/batch_norm_backward.js";
import { tensor, type Recorder, type Tensor } from "../gpu/recorder.js";
import { ones, zeros } from "./init.js";
import { nchw, type Layer, type ParamSpec } from "./layer.js";

export interface BatchNormOptions {
  /** Added to the variance. Default 1e-5. */
  eps?: number;
  /** How much of a batch's statistics goes into the running ones, 0 to 1. Default 0.1, PyTorch's. */
  momentum?: number;
  /** False keeps weight and bias as they are, and running statistics, which are then used as in evaluation; see freeze(). Default true. */
  requiresGrad?: boolean;
}

/**
 * Batch normalisation of [N, C, H, W] or [N, features], per channel (Ioffe and Szegedy 2015). Training uses the batch's own
 * statistics and moves the running ones, whose variance is the unbiased one; evaluation uses the running ones. Maths and
 * kernels: shaders/batch_norm.wgsl, batch_norm_backward.wgsl. Names in files: weight, bias, running_mean, running_var.
 */
export function batchNorm({ eps = 1e-5, momentum = 0.1, requiresGrad }: BatchNormOptions = {}): Layer<"weight" | "bias", "stats", "x", "running_mean" | "running_var"> {
  if (!(eps > 0) || !(momentum >= 0 && momentum <= 1)) throw new OptionError(`batchNorm takes an eps above 0 and a momentum from 0 to 1, not ${eps} and ${momentum}`, { eps, momentum });
  const channels = (x: readonly number[], init: ParamSpec["init"]): ParamSpec =>
    ({ shape: [x.at(-1)!], init, fan: { in: 1, out: 1 }, ...x.length === 2 && { features: 0 } });

  /** Rows and channels, and a cut of the rows that keeps the adapter busy. */
  function dims(rec: Recorder, x: Tensor) {
    const C = x.shape.at(-1)!, M = x.size / C, wanted = Math.ceil((rec.target.tasks ?? 32) * 64 / C);
    const rows = Math.ceil(M / Math.max(1, Math.min(wanted, Math.floor(M / 16)))), splits = Math.ceil(M / rows);
    return { M, C, rows, splits, eps, momentum };
  }

  return {
    name: "batchNorm", requiresGrad,

    shape(x) {
      if (x.length !== 2 && x.length !== 4) throw new ShapeError(`expected [N, C, H, W] or [N, features], got ${nchw(x)}`, { got: x });
      return x;
    },

    params: (x) => ({ weight: channels(x, ones), bias: channels(x, zeros) }),
    state: (x) => ({ running_mean: channels(x, zeros), running_var: channels(x, ones) }),
    saved: (x) => ({ stats: [x.at(-1)!, 2] }),

    forward(rec, { x, y, weight, bias, stats, running_mean, running_var }, { training }) {
      const d = dims(rec, x);
      if (training) {
        const partial = tensor("partial", [d.splits, d.C, 2]);
        rec.dispatch(batch_norm_partial, { x, partial }, d, d.splits * d.C);
        rec.dispatch(batch_norm_finalise, { parts: partial, stats, running_mean, running_var }, d, d.C);
      } else rec.dispatch(batch_norm_running, { stats, running_mean, running_var }, d, d.C);
      rec.dispatch(batch_norm_apply, { x, known: stats, weight, bias, y }, d, x.size);
    },

    backward(rec, { x, weight, stats, dy, dx, dweight, dbias }, { training }) {
      const d = { ...dims(rec, x), TRAINING: Number(training) }, partial = tensor("partial", [d.splits, d.C, 2]), sums = tensor("sums", [d.C, 2]);
      rec.dispatch(batch_norm_backward_partial, { x, dy, known: stats, partial }, d, d.splits * d.C);
      rec.dispatch(batch_norm_backward_sum, { parts: partial, sums, dweight: dweight ?? tensor("unused", [d.C]), dbias: dbias ?? tensor("unused", [d.C]) }, d, d.C);
      if (dx) rec.dispatch(batch_norm_backward_input, { x, dy, known: stats, weight, totals: sums, dx }, d, x.size);
    },
  };
}
