// Plain twin of shaders/rmsprop.wgsl: one step of one parameter after the other. Changes all but the gradient
// in place, as the shader does; without `average` it is not centered, without `velocity` it has no momentum.
export interface Dim { size: number; alpha: number; eps: number; weight_decay: number; momentum: number }
export interface Clock { lr: number }
type Vec = Float64Array;

export function update(
  { size, alpha, eps, weight_decay, momentum }: Dim, { lr }: Clock,
  param: Vec, dparam: Vec, square: Vec, average?: Vec, velocity?: Vec,
): void {
  for (let i = 0; i < size; i++) {
    const g = dparam[i] + weight_decay * param[i];
    const s = square[i] += (1 - alpha) * (g ** 2 - square[i]);
    const a = average ? average[i] += (1 - alpha) * (g - average[i]) : 0;
    const r = Math.sqrt(s - a ** 2) + eps;
    const u = velocity ? velocity[i] = momentum * velocity[i] + g / r : g / r;
    param[i] -= lr * u;
  }
}
