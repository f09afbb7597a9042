// Plain twin of shaders/batch.wgsl and, with draws, of batch_augment.wgsl: it reads bytes where they read words.
import { still, type Draw } from "./augment.js";

export interface Dim { N: number; H: number; W: number; C: number; P: number; Q: number; RESIZE: number }

export function gather(
  dim: Dim, images: Uint8Array, classes: Uint8Array, order: ArrayLike<number>, levels: ArrayLike<number>,
  draws?: readonly Draw[],
): { x: Float64Array; labels: Uint32Array } {
  const { N, H, W, C, P, Q, RESIZE } = dim, x = new Float64Array(N * P * Q * C), labels = new Uint32Array(N);
  const kept = (v: number) => Math.min(Math.max(v, 0), 255);
  for (let n = 0; n < N; n++) {
    const d = draws?.[n] ?? still;
    const image = (i: number, h: number, w: number, c: number) => {
      const byte = images[((i * H + Math.min(h, H - 1)) * W + Math.min(w, W - 1)) * C + c];
      return kept(d.brightness * kept(d.contrast * byte + d.grey));
    };
    const resized = (i: number, p: number, q: number, c: number) => {
      if (p < 0 || p >= P || q < 0 || q >= Q) return 0;
      const h = RESIZE ? Math.max(0, (p + 0.5) * H / P - 0.5) : p;
      const w = RESIZE ? Math.max(0, (q + 0.5) * W / Q - 0.5) : q;
      const h0 = Math.floor(h), w0 = Math.floor(w), a = h - h0, b = w - w0;
      return (1 - a) * ((1 - b) * image(i, h0, w0, c) + b * image(i, h0, w0 + 1, c))
        + a * ((1 - b) * image(i, h0 + 1, w0, c) + b * image(i, h0 + 1, w0 + 1, c));
    };
    for (let p = 0; p < P; p++) for (let q = 0; q < Q; q++) for (let c = 0; c < C; c++) {
      const erased = p >= d.rows[0] && p < d.rows[1] && q >= d.columns[0] && q < d.columns[1];
      const value = resized(order[n], p + d.top, (d.flip ? Q - 1 - q : q) + d.left, c);
      x[((n * P + p) * Q + q) * C + c] = erased ? 0 : value * levels[2 * c] + levels[2 * c + 1];
    }
    labels[n] = classes[order[n]];
  }
  return { x, labels };
}
