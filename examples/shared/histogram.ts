// How values are spread: counted in the worker, drawn on the page (bars.ts).

/** Counts in bins of equal width from `low` to `high`. Exact zeros, which a relu makes many of, are counted apart. */
export interface Histogram {
  readonly counts: readonly number[];
  readonly low: number;
  readonly high: number;
  readonly mean: number;
  readonly deviation: number;
  readonly zeros: number;
  readonly of: number;
}

export const BINS = 48;

export function histogram(values: Float32Array): Histogram {
  let low = Infinity, high = -Infinity, sum = 0, squares = 0, zeros = 0, of = 0;
  for (const v of values) {
    if (!Number.isFinite(v)) continue;
    of++;
    if (v === 0) { zeros++; continue; }
    low = Math.min(low, v); high = Math.max(high, v); sum += v; squares += v * v;
  }
  if (low > high) [low, high] = [-1, 1];
  if (low === high) [low, high] = [low - 0.5 * Math.abs(low), high + 0.5 * Math.abs(high)];
  const counts = Array.from({ length: BINS }, () => 0), mean = sum / Math.max(1, of);
  for (const v of values) {
    if (Number.isFinite(v) && v !== 0) counts[Math.min(BINS - 1, Math.floor((v - low) / (high - low) * BINS))]++;
  }
  const deviation = Math.sqrt(Math.max(0, squares / Math.max(1, of) - mean * mean));
  return { counts, low, high, mean, deviation, zeros, of };
}
