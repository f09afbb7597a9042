// Plain twin of shaders/batch_norm.wgsl, batch_norm_backward.wgsl and batch_norm_fold.wgsl: same letters, f64 sums.
export interface Dim { M: number; C: number; eps: number; momentum: number }
type Vec = Float64Array;

export function statistics({ M, C, eps }: Dim, x: Vec): { mean: Vec; m2: Vec; invstd: Vec } {
  const mean = new Float64Array(C), m2 = new Float64Array(C);
  for (let m = 0; m < M; m++) for (let c = 0; c < C; c++) mean[c] += x[m * C + c] / M;
  for (let m = 0; m < M; m++) for (let c = 0; c < C; c++) m2[c] += (x[m * C + c] - mean[c]) ** 2;
  return { mean, m2, invstd: m2.map((v) => 1 / Math.sqrt(v / M + eps)) };
}

export function running(
  { M, momentum }: Dim, { mean, m2 }: { mean: Vec; m2: Vec }, running_mean: Vec, running_var: Vec,
): { running_mean: Vec; running_var: Vec } {
  return {
    running_mean: running_mean.map((v, c) => (1 - momentum) * v + momentum * mean[c]),
    running_var: running_var.map((v, c) => (1 - momentum) * v + momentum * m2[c] / (M - 1)),
  };
}

export function apply({ C }: Dim, x: Vec, mean: Vec, invstd: Vec, weight: Vec, bias: Vec): Vec {
  return x.map((v, i) => (v - mean[i % C]) * invstd[i % C] * weight[i % C] + bias[i % C]);
}

export function backward(
  { M, C }: Dim, x: Vec, mean: Vec, invstd: Vec, weight: Vec, dy: Vec, training: boolean,
): { dx: Vec; dweight: Vec; dbias: Vec } {
  const dweight = new Float64Array(C), dbias = new Float64Array(C);
  const hat = (i: number) => (x[i] - mean[i % C]) * invstd[i % C];  // x̂
  dy.forEach((d, i) => { dbias[i % C] += d; dweight[i % C] += d * hat(i); });
  const dx = dy.map((v, i) => {
    const c = i % C, d = training ? v - (dbias[c] + hat(i) * dweight[c]) / M : v;
    return weight[c] * invstd[c] * d;
  });
  return { dx, dweight, dbias };
}

/** Factor and term of each channel for what is in front of it, whose bias is `own`. */
export function fold(
  { eps }: Pick<Dim, "eps">, weight: Vec, bias: Vec, mean: Vec, variance: Vec, own: Vec,
): { factor: Vec; term: Vec } {
  const factor = weight.map((w, c) => w / Math.sqrt(variance[c] + eps));
  return { factor, term: bias.map((b, c) => b + (own[c] - mean[c]) * factor[c]) };
}
