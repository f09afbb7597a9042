// Plain twin of shaders/mse.wgsl: same letters, f64 sums.
export interface Dim { N: number; K: number; images: number }
type Vec = Float64Array;

/** rows: loss and hit of each image, one after the other. dx: the gradient of the mean loss. */
export function forward({ N, K, images }: Dim, x: Vec, labels: ArrayLike<number>): { probs: Vec; rows: Vec; dx: Vec } {
  const rows = new Float64Array(2 * N), off = x.map((v, i) => v - (i % K === labels[Math.floor(i / K)] ? 1 : 0));
  for (let n = 0; n < N; n++) {
    const row = x.subarray(n * K, (n + 1) * K);
    rows[2 * n] = off.subarray(n * K, (n + 1) * K).reduce((sum, v) => sum + v * v, 0) / K;
    rows[2 * n + 1] = row.indexOf(Math.max(...row)) === labels[n] ? 1 : 0;
  }
  return { probs: x.slice(), rows, dx: off.map((v) => 2 * v / (images * K)) };
}
