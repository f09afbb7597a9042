// Plain twin of shaders/max_pool2d.wgsl: same letters, same index formulas. Nothing is rounded, so it agrees exactly.
export interface Dim {
  N: number; H: number; W: number; C: number; P: number; Q: number;
  R: number; S: number; STRIDE_H: number; STRIDE_W: number; DILATION_H: number; DILATION_W: number;
  padding_h: number; padding_w: number;
}
type Vec = Float64Array;

export const NONE = 0xffffffff;  // a window that lies in the padding altogether
export const LOWEST = -(2 - 2 ** -23) * 2 ** 127;  // of f32

/** Calls visit for each element of x that a window holds, windows in order, elements in order. */
function windows(dim: Dim, visit: (yi: number, xi: number, tap: number) => void): void {
  const { N, H, W, C, P, Q, R, S, STRIDE_H, STRIDE_W, DILATION_H, DILATION_W, padding_h, padding_w } = dim;
  for (let n = 0; n < N; n++) for (let p = 0; p < P; p++) for (let q = 0; q < Q; q++) for (let c = 0; c < C; c++)
    for (let r = 0; r < R; r++) for (let s = 0; s < S; s++) {
      const h = p * STRIDE_H + r * DILATION_H - padding_h, w = q * STRIDE_W + s * DILATION_W - padding_w;
      if (h < 0 || h >= H || w < 0 || w >= W) continue;
      visit(((n * P + p) * Q + q) * C + c, ((n * H + h) * W + w) * C + c, r * S + s);
    }
}

export function forward(dim: Dim, x: Vec): { y: Vec; index: Uint32Array } {
  const size = dim.N * dim.P * dim.Q * dim.C;
  const y = new Float64Array(size).fill(LOWEST), index = new Uint32Array(size).fill(NONE);
  windows(dim, (yi, xi, tap) => {
    if (index[yi] !== NONE && !(x[xi] > y[yi]) && !Number.isNaN(x[xi])) return;
    y[yi] = x[xi];
    index[yi] = tap;
  });
  return { y, index };
}

export function backward(dim: Dim, index: Uint32Array, dy: Vec): Vec {
  const dx = new Float64Array(dim.N * dim.H * dim.W * dim.C);
  windows(dim, (yi, xi, tap) => { if (index[yi] === tap) dx[xi] += dy[yi]; });
  return dx;
}
