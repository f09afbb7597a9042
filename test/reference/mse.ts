// Plain twin of shaders/mse.wgsl: same letters, f64 sums.
export interface Dim { N: number; K: number; images: number }
type Vec = Float64Array;

/** rows: loss and hit of each image, one after the other. dx: the gradient of the mean loss. */
export function forward({ N, K, images }: Dim, x: Vec, labels: ArrayLike<number>): { probs: Vec; rows: Vec; dx: Vec } {
  const probs = new Float64Array(N * K), rows = new Float64Array(2 * N), dx = new Float64Array(N * K);
  for (let n = 0; n < N; n++) {
    const row = x.subarray(n * K, (n + 1) * K);
    let loss = 0;
    for (let k = 0; k < K; k++) {
      const t = k === labels[n] ? 1 : 0, i = n * K + k;
      loss += (x[i] - t) ** 2 / K;
      probs[i] = x[i];
      dx[i] = 2 * (x[i] - t) / (images * K);
    }
    rows[2 * n] = loss;
    rows[2 * n + 1] = row.indexOf(Math.max(...row)) === labels[n] ? 1 : 0;
  }
  return { probs, rows, dx };
}
