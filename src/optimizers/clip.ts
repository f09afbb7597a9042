import { OptionError } from "../errors.js";
import { clip_norm, clip_partial, clip_scale } from "../generated/clip.js";
import { tensor, type Recorder, type Tensor } from "../gpu/recorder.js";

const SPLITS = 8192;  // sums of squares that one buffer of gradients is cut into, at most: the same on every device

/** What is done to all gradients of a step before the update: clipNorm(1). */
export type Clip = (rec: Recorder, gradients: readonly Tensor[]) => void;

/**
 * dparam ← dparam · min(1, limit ÷ norm of all gradients together), PyTorch's clip_grad_norm_. Maths and kernels:
 * shaders/clip.wgsl. Throws an OptionError for a limit that is not above 0.
 */
export function clipNorm(limit: number): Clip {
  if (!Number.isFinite(limit) || limit <= 0)
    throw new OptionError(`clipNorm is a number above 0, not ${limit}`, { clipNorm: limit });
  return (rec, gradients) => clip(rec, gradients, limit);
}

function clip(rec: Recorder, gradients: readonly Tensor[], limit: number): void {
  const splits = gradients.map(({ size }) => Math.min(SPLITS, Math.ceil(size / 64)));
  const count = splits.reduce((a, b) => a + b, 0);
  const partial = tensor("partial norms", [count]), norm = tensor("norm of the gradients", [1]);
  let first = 0;
  const d = gradients.map(({ size }, i) =>
    ({ size, splits: splits[i], first: (first += splits[i]) - splits[i], count, max_norm: limit }));
  gradients.forEach((dparam, i) => rec.dispatch(clip_partial, { dparam, partial }, d[i], splits[i]));
  rec.dispatch(clip_norm, { parts: partial, total: norm }, d[0], 1);
  gradients.forEach((clipped, i) => rec.dispatch(clip_scale, { norm, clipped }, d[i], clipped.size));
}
