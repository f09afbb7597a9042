// Plain twin of shaders/cross_entropy.wgsl: same letters, f64 sums.
export interface Dim { N: number; K: number; images: number; smoothing: number }
type Vec = Float64Array;

/** rows: loss and hit of each image, one after the other. dx: the gradient of the mean loss. */
export function forward(
  { N, K, images, smoothing }: Dim, x: Vec, labels: ArrayLike<number>,
): { probs: Vec; rows: Vec; dx: Vec } {
  const probs = new Float64Array(N * K), rows = new Float64Array(2 * N), dx = new Float64Array(N * K);
  for (let n = 0; n < N; n++) {
    const row = x.subarray(n * K, (n + 1) * K), largest = Math.max(...row);
    const z = row.map((v) => v - largest), total = z.reduce((sum, v) => sum + Math.exp(v), 0);
    let loss = Math.log(total);
    for (let k = 0; k < K; k++) {
      const t = (1 - smoothing) * (k === labels[n] ? 1 : 0) + smoothing / K, i = n * K + k;
      probs[i] = Math.exp(z[k]) / total;
      loss -= t * z[k];
      dx[i] = (probs[i] - t) / images;
    }
    rows[2 * n] = loss;
    rows[2 * n + 1] = row.indexOf(largest) === labels[n] ? 1 : 0;
  }
  return { probs, rows, dx };
}
