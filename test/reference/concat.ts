// Plain twin of shaders/concat.wgsl: same letters, same index formulas.
export interface Dim { M: number; C: number; K: number; offset: number }
type Vec = Float64Array;

export function forward({ M, C, K, offset }: Dim, x: Vec, y: Vec): Vec {
  for (let m = 0; m < M; m++) for (let c = 0; c < C; c++) y[m * K + offset + c] = x[m * C + c];
  return y;
}

export function backward({ M, C, K, offset }: Dim, dy: Vec): Vec {
  const dx = new Float64Array(M * C);
  for (let m = 0; m < M; m++) for (let c = 0; c < C; c++) dx[m * C + c] = dy[m * K + offset + c];
  return dx;
}
