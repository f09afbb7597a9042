import type { EarlyStopping } from "./earlyStopping.js";
import type { Evaluation } from "./evaluate.js";
import type { Run } from "./run.js";
import type { Schedule } from "./schedules.js";
import type { StateDict } from "./weights.js";

/**
 * What steers a run. A callback is awaited before the training goes on, and may call run.stop(); an error in it ends
 * the iteration.
 */
export interface RunOptions {
  /** Factor on the optimizer's lr, step by step: cosine(), oneCycle(), … or any function. Default: lr throughout. */
  readonly schedule?: Schedule;
  /** Ends the run when the loss on the test images has stopped falling. */
  readonly earlyStopping?: EarlyStopping;
  /**
   * Keep the weights of the best epoch, for run.best() and run.save({ best: true }). Default: only where early stopping
   * is to restore them.
   */
  readonly keepBest?: boolean;
  /** Gets each progress before the loop that iterates the run, if there is one: see run.finish(). */
  readonly onProgress?: (progress: Progress, run: Run) => void | Promise<void>;
  /**
   * Gets the last progress of each epoch:
   * `async (e, run) => { if (e.best) await saveFile("best.safetensors", await run.save()); }`
   */
  readonly onEpochEnd?: (progress: Progress, run: Run) => void | Promise<void>;
}

/**
 * The epoch with the lowest loss so far: of the test images or, if there are none, of training. With early stopping, a
 * loss is lower by its minDelta.
 */
export interface Best {
  /** From 1. */
  readonly epoch: number;
  readonly loss: number;
  readonly weights: StateDict;
}

/** What a run tells while it trains. */
export interface Progress {
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Steps taken in this epoch, and how many it has. */
  readonly step: number;
  readonly steps: number;
  /**
   * Mean loss and share of correct predictions over this epoch's images so far, each measured before its step's update.
   */
  readonly loss: number;
  readonly accuracy: number;
  /** Learning rate of the last of these steps. */
  readonly lr: number;
  /** Loss of each step since the last progress. */
  readonly losses: readonly number[];
  /** Over the last few seconds; evaluation and pauses do not count. */
  readonly imagesPerSecond: number;
  /** Until the last epoch ends. */
  readonly secondsLeft: number;
  /** True for the last progress of an epoch; `test` is there if the data has test images. */
  readonly epochEnd: boolean;
  /** True at the end of the best epoch so far: see Best. */
  readonly best: boolean;
  readonly test?: Evaluation;
}
