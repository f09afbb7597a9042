// Plain twin of shaders/adaptive_avg_pool2d.wgsl: same letters, same formulas, f64 sums.
export interface Dim { N: number; H: number; W: number; C: number; P: number; Q: number }
type Vec = Float64Array;

/** Calls visit for each element of x that a window holds, with the number of elements of this window. */
function windows({ N, H, W, C, P, Q }: Dim, visit: (yi: number, xi: number, count: number) => void): void {
  for (let n = 0; n < N; n++) for (let p = 0; p < P; p++) for (let q = 0; q < Q; q++) {
    const top = Math.floor(p * H / P), bottom = Math.ceil((p + 1) * H / P);
    const left = Math.floor(q * W / Q), right = Math.ceil((q + 1) * W / Q);
    for (let h = top; h < bottom; h++) for (let w = left; w < right; w++) for (let c = 0; c < C; c++)
      visit(((n * P + p) * Q + q) * C + c, ((n * H + h) * W + w) * C + c, (bottom - top) * (right - left));
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
