import { activation_backward, activation_forward } from "../generated/activation.js";
import type { Layer } from "./layer.js";

/** The numbers of shaders/lib/activation.wgsl. */
const ACTIVATIONS = { relu: 1, sigmoid: 2, tanh: 3 } as const;

function activation(name: keyof typeof ACTIVATIONS): Layer {
  const ACTIVATION = ACTIVATIONS[name];
  return {
    name,
    shape: (x) => x,

    forward(rec, { x, y }) {
      rec.dispatch(activation_forward, { x, y }, { size: y.size, ACTIVATION }, y.size);
    },

    backward(rec, { y, dy, dx }) {
      if (dx) rec.dispatch(activation_backward, { z: y, dy, dx }, { size: dy.size, ACTIVATION }, dy.size);
    },
  };
}

/** max(x, 0). */
export const relu = (): Layer => activation("relu");
/** 1 / (1 + exp(−x)). */
export const sigmoid = (): Layer => activation("sigmoid");
/** The hyperbolic tangent. */
export const tanh = (): Layer => activation("tanh");
