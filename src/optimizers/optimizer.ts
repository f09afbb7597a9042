import type { Recorder, Tensor } from "../gpu/recorder.js";

/** An optimizer is a value: which states it keeps for each parameter, and how it records an update. */
export interface Optimizer {
  readonly name: string;
  /** Learning rate, unless a schedule says otherwise. */
  readonly lr: number;
  /** Names of its states: each is as large as the parameters, and starts at zero. */
  readonly states: readonly string[];
  /**
   * Records param ← dparam for one buffer of parameters, its gradients and states.
   * `clock` holds step and learning rate.
   */
  record(rec: Recorder, t: { param: Tensor; dparam: Tensor; clock: Tensor } & Record<string, Tensor>): void;
}
