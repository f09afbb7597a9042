// Plain twin of shaders/metrics.wgsl: the one row of the ring that a step writes.
export interface Dim { N: number }

/** rows: loss and hit of each image, one after the other. before: what the row holds, of a step's earlier passes. */
export function record({ N }: Dim, rows: Float64Array, before = new Float64Array(4)): Float64Array {
  let [loss, hits, images, strange] = before;
  for (let n = 0; n < N; n++) {
    loss += rows[2 * n];
    hits += rows[2 * n + 1];
    if (!Number.isFinite(rows[2 * n])) strange++;
  }
  return Float64Array.of(loss, hits, images + N, strange);
}
