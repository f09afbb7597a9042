// Plain twin of shaders/sgd.wgsl: one step of one parameter after the other.
// Changes param and velocity in place, as the shader does.
export interface Dim { size: number; weight_decay: number; momentum: number; dampening: number; NESTEROV: number }
export interface Clock { step: number; lr: number }
type Vec = Float64Array;

export function update({ size, weight_decay }: Dim, { lr }: Clock, param: Vec, dparam: Vec): void {
  for (let i = 0; i < size; i++) {
    const g = dparam[i] + weight_decay * param[i];
    param[i] -= lr * g;
  }
}

export function momentum(
  { size, weight_decay, momentum, dampening, NESTEROV }: Dim, { step, lr }: Clock,
  param: Vec, dparam: Vec, velocity: Vec,
): void {
  for (let i = 0; i < size; i++) {
    const g = dparam[i] + weight_decay * param[i];
    const v = step === 0 ? g : momentum * velocity[i] + (1 - dampening) * g;
    velocity[i] = v;
    param[i] -= lr * (NESTEROV ? g + momentum * v : v);
  }
}
