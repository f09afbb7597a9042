// Plain twin of shaders/batch.wgsl: it reads bytes where the shader reads words.
export interface Dim { N: number; H: number; W: number; C: number; P: number; Q: number; scale: number; shift: number; RESIZE: number }

export function gather(dim: Dim, images: Uint8Array, classes: Uint8Array, order: ArrayLike<number>): { x: Float64Array; labels: Uint32Array } {
  const { N, H, W, C, P, Q, scale, shift, RESIZE } = dim, x = new Float64Array(N * P * Q * C), labels = new Uint32Array(N);
  for (let n = 0; n < N; n++) {
    const image = (h: number, w: number, c: number) => images[((order[n] * H + Math.min(h, H - 1)) * W + Math.min(w, W - 1)) * C + c];
    labels[n] = classes[order[n]];
    for (let p = 0; p < P; p++) for (let q = 0; q < Q; q++) for (let c = 0; c < C; c++) {
      const h = RESIZE ? Math.max(0, (p + 0.5) * H / P - 0.5) : p, w = RESIZE ? Math.max(0, (q + 0.5) * W / Q - 0.5) : q;
      const h0 = Math.floor(h), w0 = Math.floor(w), a = h - h0, b = w - w0;
      const value = (1 - a) * ((1 - b) * image(h0, w0, c) + b * image(h0, w0 + 1, c)) + a * ((1 - b) * image(h0 + 1, w0, c) + b * image(h0 + 1, w0 + 1, c));
      x[((n * P + p) * Q + q) * C + c] = value * scale + shift;
    }
  }
  return { x, labels };
}
