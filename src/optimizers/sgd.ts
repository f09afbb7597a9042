import { OptionError } from "../errors.js";
import { sgd_momentum, sgd_update } from "../generated/sgd.js";
import { atLeast, known } from "../options.js";
import type { Optimizer } from "./optimizer.js";

/** What sgd() takes: PyTorch's options. */
export interface SgdOptions {
  /** Learning rate. */
  lr: number;
  /** Default 0. */
  momentum?: number;
  /** Default 0. */
  dampening?: number;
  /** L2 penalty, added to the gradient. Default 0. */
  weightDecay?: number;
  /** Nesterov's momentum; needs momentum and no dampening. Default false. */
  nesterov?: boolean;
}

/** Stochastic gradient descent as torch.optim.SGD. Maths and kernels: shaders/sgd.wgsl. */
export function sgd(options: SgdOptions): Optimizer {
  const { lr, momentum = 0, dampening = 0, weightDecay: weight_decay = 0, nesterov = false } =
    known("sgd", options, "lr, momentum, dampening, weightDecay, nesterov");
  atLeast(0, { lr, momentum, weightDecay: weight_decay });
  if (!Number.isFinite(dampening)) throw new OptionError(`dampening is a number, not ${dampening}`, { dampening });
  if (nesterov && (momentum === 0 || dampening !== 0))
    throw new OptionError("nesterov needs a momentum above 0 and no dampening", { momentum, dampening });
  const params = { weight_decay, momentum, dampening, NESTEROV: Number(nesterov) };
  return {
    name: "sgd", lr, states: momentum ? ["momentum"] : [],

    record(rec, { param, dparam, clock, momentum: velocity }) {
      const { size } = param, d = { ...params, size, WIDTH: rec.wide(size) };
      if (velocity) rec.dispatch(sgd_momentum, { clock, param, dparam, velocity }, d, size);
      else rec.dispatch(sgd_update, { clock, param, dparam }, d, size);
    },
  };
}
