// Plain twin of shaders/reduce.wgsl, for reduce_all.wgsl a segment at a time: same letters.
export interface Dim { size: number; K: number; splits: number }

/** dweight[i] = Σ z partial[z,i], dbias[k] = Σ z partial_bias[z,k]. */
export function sum({ size, K, splits }: Dim, partial: Float64Array, partial_bias: Float64Array) {
  const dweight = new Float64Array(size), dbias = new Float64Array(K);
  for (let z = 0; z < splits; z++) {
    for (let i = 0; i < size; i++) dweight[i] += partial[z * size + i];
    for (let k = 0; k < K; k++) dbias[k] += partial_bias[z * K + k];
  }
  return { dweight, dbias };
}
