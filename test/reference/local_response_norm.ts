// Plain twin of shaders/local_response_norm.wgsl: same letters, f64 sums.
export interface Dim { M: number; C: number; before: number; after: number; share: number; beta: number; k: number }
type Vec = Float64Array;

export function forward({ M, C, before, after, share, beta, k }: Dim, x: Vec): { y: Vec; scale: Vec } {
  const y = new Float64Array(M * C), scale = new Float64Array(M * C);
  for (let m = 0; m < M; m++) for (let c = 0; c < C; c++) {
    let sum = 0;
    for (let j = Math.max(0, c - before); j <= Math.min(C - 1, c + after); j++) sum += x[m * C + j] ** 2;
    scale[m * C + c] = k + share * sum;
    y[m * C + c] = x[m * C + c] * scale[m * C + c] ** -beta;
  }
  return { y, scale };
}

export function backward({ M, C, before, after, share, beta }: Dim, x: Vec, scale: Vec, dy: Vec): Vec {
  const dx = new Float64Array(M * C);
  for (let m = 0; m < M; m++) for (let c = 0; c < C; c++) {
    let sum = 0;
    for (let j = Math.max(0, c - after); j <= Math.min(C - 1, c + before); j++)
      sum += dy[m * C + j] * x[m * C + j] * scale[m * C + j] ** (-beta - 1);
    dx[m * C + c] = dy[m * C + c] * scale[m * C + c] ** -beta - 2 * beta * share * x[m * C + c] * sum;
  }
  return dx;
}
