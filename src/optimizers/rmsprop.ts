import { OptionError } from "../errors.js";
import { rmsprop_centered, rmsprop_centered_momentum, rmsprop_momentum, rmsprop_update } from "../generated/rmsprop.js";
import { atLeast, known } from "../options.js";
import type { Optimizer } from "./optimizer.js";

/** What rmsprop() takes: PyTorch's options. */
export interface RmspropOptions {
  /** Learning rate. Default 0.01. */
  lr?: number;
  /** How much of the running mean of squared gradients a step keeps. Default 0.99. */
  alpha?: number;
  /** Added to the root of that mean. Default 1e-8. */
  eps?: number;
  /** L2 penalty, added to the gradient. Default 0. */
  weightDecay?: number;
  /** Default 0. */
  momentum?: number;
  /** Divide by the standard deviation of the gradient, not by the root of its mean square. Default false. */
  centered?: boolean;
}

/** RMSprop as torch.optim.RMSprop. Maths and kernels: shaders/rmsprop.wgsl. */
export function rmsprop(options: RmspropOptions = {}): Optimizer {
  const {
    lr = 0.01, alpha = 0.99, eps = 1e-8, weightDecay: weight_decay = 0, momentum = 0, centered = false,
  } = known("rmsprop", options, "lr, alpha, eps, weightDecay, momentum, centered");
  atLeast(0, { lr, eps, weightDecay: weight_decay, momentum });
  if (!(alpha >= 0 && alpha < 1)) throw new OptionError(`alpha is a number from 0 to below 1, not ${alpha}`, { alpha });
  const params = { rest: 1 - alpha, eps, weight_decay, momentum };
  return {
    name: "rmsprop", lr, states: ["square", ...centered ? ["average"] : [], ...momentum ? ["momentum"] : []],

    record(rec, { param, dparam, clock, square, average, momentum: velocity }) {
      const size = param.size, d = { ...params, size, WIDTH: rec.wide(size) }, t = { clock, param, dparam, square };
      if (average && velocity) rec.dispatch(rmsprop_centered_momentum, { ...t, average, velocity }, d, size);
      else if (average) rec.dispatch(rmsprop_centered, { ...t, average }, d, size);
      else if (velocity) rec.dispatch(rmsprop_momentum, { ...t, velocity }, d, size);
      else rec.dispatch(rmsprop_update, t, d, size);
    },
  };
}
