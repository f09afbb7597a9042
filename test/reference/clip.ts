// Plain twin of shaders/clip.wgsl.
type Vec = Float64Array;

/** Partial sums of squares of one buffer: element z takes every `splits`-th value from z on. */
export function partial(dparam: Vec, splits: number): Vec {
  const sums = new Float64Array(splits);
  dparam.forEach((d, i) => { sums[i % splits] += d * d; });
  return sums;
}

export const norm = (...gradients: Vec[]): number =>
  Math.sqrt(gradients.reduce((sum, dparam) => dparam.reduce((s, d) => s + d * d, sum), 0));

/** One buffer, scaled so that all of them together are no longer than max_norm. */
export const scale = (dparam: Vec, total: number, max_norm: number): Vec =>
  dparam.map((d) => d * Math.min(1, max_norm / (total + 1e-6)));
