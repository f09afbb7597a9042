// Plain twin of shaders/batch.wgsl: it reads bytes where the shader reads words.
export interface Dim { N: number; E: number; scale: number; shift: number }

export function gather({ N, E, scale, shift }: Dim, images: Uint8Array, classes: Uint8Array, order: ArrayLike<number>): { x: Float64Array; labels: Uint32Array } {
  const x = new Float64Array(N * E), labels = new Uint32Array(N);
  for (let n = 0; n < N; n++) {
    for (let i = 0; i < E; i++) x[n * E + i] = images[order[n] * E + i] * scale + shift;
    labels[n] = classes[order[n]];
  }
  return { x, labels };
}
