import { OptionError } from "../errors.js";
import { adam_update } from "../generated/adam.js";
import { atLeast, known } from "../options.js";
import type { Optimizer } from "./optimizer.js";

/** What adam() and adamw() take: PyTorch's options. */
export interface AdamOptions {
  /** Learning rate. Default 0.001. */
  lr?: number;
  /** How much of the running means of gradient and squared gradient a step keeps. Default [0.9, 0.999]. */
  betas?: readonly [mean: number, square: number];
  /** Added to the root of the squared mean. Default 1e-8. */
  eps?: number;
  /**
   * adam: L2 penalty, added to the gradient, default 0.
   * adamw: share of a parameter that lr · weightDecay takes away, default 0.01.
   */
  weightDecay?: number;
}

/** Adam as torch.optim.Adam. Maths and kernel: shaders/adam.wgsl. */
export const adam = (options: AdamOptions = {}): Optimizer => made("adam", options, 0);
/** Adam with decoupled weight decay, as torch.optim.AdamW. */
export const adamw = (options: AdamOptions = {}): Optimizer => made("adamw", options, 0.01);

function made(name: "adam" | "adamw", options: AdamOptions, decay: number): Optimizer {
  const { lr = 0.001, betas = [0.9, 0.999], eps = 1e-8, weightDecay: weight_decay = decay } =
    known(name, options, "lr, betas, eps, weightDecay");
  atLeast(0, { lr, eps, weightDecay: weight_decay });
  if (betas.length !== 2 || !betas.every((beta) => beta >= 0 && beta < 1))
    throw new OptionError(`betas are two numbers from 0 to below 1, not [${betas.join(", ")}]`, { betas });
  const [log_beta1, log_beta2] = betas.map((beta) => Math.max(Math.log(beta), -100));  // exp(−100) is 0 in f32
  const params = {
    alpha1: 1 - betas[0], alpha2: 1 - betas[1], log_beta1, log_beta2, eps, weight_decay,
    DECOUPLED: Number(name === "adamw"),
  };
  return {
    name, lr, states: ["m", "v"],

    record(rec, { param, dparam, clock, m, v }) {
      rec.dispatch(
        adam_update, { clock, param, dparam, m, v },
        { ...params, size: param.size, WIDTH: rec.wide(param.size) }, param.size);
    },
  };
}
