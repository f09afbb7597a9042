// Plain twin of shaders/avg_pool2d.wgsl: same letters, same index formulas, f64 sums.
// It counts where the shader computes.
export interface Dim {
  N: number; H: number; W: number; C: number; P: number; Q: number;
  R: number; S: number; STRIDE_H: number; STRIDE_W: number; COUNT_PAD: number; padding_h: number; padding_w: number;
}
type Vec = Float64Array;

/** Calls visit for each element of x that a window holds, with the number of elements that count in this window. */
function windows(dim: Dim, visit: (yi: number, xi: number, count: number) => void): void {
  const { N, H, W, C, P, Q, R, S, STRIDE_H, STRIDE_W, COUNT_PAD, padding_h, padding_w } = dim;
  for (let n = 0; n < N; n++) for (let p = 0; p < P; p++) for (let q = 0; q < Q; q++) for (let c = 0; c < C; c++) {
    const held: number[] = [];
    let count = 0;
    for (let r = 0; r < R; r++) for (let s = 0; s < S; s++) {
      const h = p * STRIDE_H + r - padding_h, w = q * STRIDE_W + s - padding_w;
      const inside = h >= 0 && h < H && w >= 0 && w < W;
      if (inside) held.push(((n * H + h) * W + w) * C + c);
      if (inside || (COUNT_PAD && h < H + padding_h && w < W + padding_w)) count++;
    }
    for (const xi of held) visit(((n * P + p) * Q + q) * C + c, xi, count);
  }
}

export function forward(dim: Dim, x: Vec): Vec {
  const y = new Float64Array(dim.N * dim.P * dim.Q * dim.C);
  windows(dim, (yi, xi, count) => { y[yi] += x[xi] / count; });
  return y;
}

export function backward(dim: Dim, dy: Vec): Vec {
  const dx = new Float64Array(dim.N * dim.H * dim.W * dim.C);
  windows(dim, (yi, xi, count) => { dx[xi] += dy[yi] / count; });
  return dx;
}
