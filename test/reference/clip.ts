// Plain twin of shaders/clip.wgsl.
type Vec = Float64Array;

/** Partial sums of squares of one buffer: sum z takes the elements i ≡ z mod splits. */
export function partial(dparam: Vec, splits: number): Vec {
  const sums = new Float64Array(splits);
  dparam.forEach((d, i) => { sums[i % splits] += d ** 2; });
  return sums;
}

export const norm = (...gradients: Vec[]): number =>
  Math.sqrt(gradients.reduce((sum, dparam) => dparam.reduce((s, d) => s + d ** 2, sum), 0));

/** One buffer, scaled so that all of them together are no longer than max_norm. */
export const scale = (dparam: Vec, total: number, max_norm: number): Vec =>
  dparam.map((d) => d * Math.min(1, max_norm / (total + 1e-6)));
