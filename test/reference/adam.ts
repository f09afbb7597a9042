// Plain twin of shaders/adam.wgsl: one step of one parameter after the other.
// Changes param, m and v in place, as the shader does.
export interface Dim {
  size: number; beta1: number; beta2: number; eps: number; weight_decay: number; DECOUPLED: number;
}
export interface Clock { step: number; lr: number }
type Vec = Float64Array;

export function update(
  { size, beta1, beta2, eps, weight_decay, DECOUPLED }: Dim, { step, lr }: Clock,
  param: Vec, dparam: Vec, m: Vec, v: Vec,
): void {
  const t = step + 1;
  for (let i = 0; i < size; i++) {
    const g = DECOUPLED ? dparam[i] : dparam[i] + weight_decay * param[i];
    if (DECOUPLED) param[i] -= lr * weight_decay * param[i];
    m[i] += (1 - beta1) * (g - m[i]);
    v[i] += (1 - beta2) * (g ** 2 - v[i]);
    param[i] -= lr * (m[i] / (1 - beta1 ** t)) / (Math.sqrt(v[i] / (1 - beta2 ** t)) + eps);
  }
}
