// Plain twin of shaders/linear.wgsl: same letters, same index formulas, f64 sums.
export interface Dim { N: number; C: number; K: number; BIAS: number }
type Vec = Float64Array;

/** Calls visit once for each (output, input, weight) triple that is multiplied. */
function taps({ N, C, K }: Dim, visit: (yi: number, xi: number, wi: number) => void): void {
  for (let n = 0; n < N; n++) for (let k = 0; k < K; k++) for (let c = 0; c < C; c++)
    visit(n * K + k, n * C + c, c * K + k);
}

export function forward(dim: Dim, x: Vec, weight: Vec, bias: Vec): Vec {
  const y = Float64Array.from({ length: dim.N * dim.K }, (_, i) => dim.BIAS ? bias[i % dim.K] : 0);
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
