// Plain twin of shaders/conv2d.wgsl: same letters, same index formulas, f64 sums. Keep it slow.
export interface Dim {
  N: number; H: number; W: number; C: number; P: number; Q: number; K: number; D: number; F: number;
  R: number; S: number; STRIDE_H: number; STRIDE_W: number; DILATION_H: number; DILATION_W: number; BIAS: number;
  padding_h: number; padding_w: number;
}
type Vec = Float64Array;

/** Calls visit once for each (output, input, weight) triple that a convolution multiplies. */
function taps(dim: Dim, visit: (yi: number, xi: number, wi: number) => void): void {
  const { N, H, W, C, P, Q, K, D, F, R, S, STRIDE_H, STRIDE_W, DILATION_H, DILATION_W, padding_h, padding_w } = dim;
  for (let n = 0; n < N; n++) for (let p = 0; p < P; p++) for (let q = 0; q < Q; q++) for (let k = 0; k < K; k++)
    for (let r = 0; r < R; r++) for (let s = 0; s < S; s++) for (let d = 0; d < D; d++) {
      const h = p * STRIDE_H + r * DILATION_H - padding_h, w = q * STRIDE_W + s * DILATION_W - padding_w;
      if (h < 0 || h >= H || w < 0 || w >= W) continue;
      const g = Math.floor(k / F), c = g * D + d;
      visit(((n * P + p) * Q + q) * K + k, ((n * H + h) * W + w) * C + c, ((r * S + s) * D + d) * K + k);
    }
}

export function forward(dim: Dim, x: Vec, weight: Vec, bias: Vec): Vec {
  const y = Float64Array.from({ length: dim.N * dim.P * dim.Q * dim.K }, (_, i) => dim.BIAS ? bias[i % dim.K] : 0);
  taps(dim, (yi, xi, wi) => { y[yi] += x[xi] * weight[wi]; });
  return y;
}

export function backward(dim: Dim, x: Vec, weight: Vec, dy: Vec): { dx: Vec; dweight: Vec; dbias: Vec } {
  const dx = new Float64Array(x.length), dweight = new Float64Array(weight.length), dbias = new Float64Array(dim.K);
  taps(dim, (yi, xi, wi) => {
    dx[xi] += dy[yi] * weight[wi];
    dweight[wi] += dy[yi] * x[xi];
  });
  dy.forEach((d, i) => { dbias[i % dim.K] += d; });
  return { dx, dweight, dbias };
}
