import type { Evaluation } from "./evaluate.js";

/** What a run tells while it trains. */
export interface Progress {
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Steps taken in this epoch, and how many it has. */
  readonly step: number;
  readonly steps: number;
  /** Mean loss and share of hits over this epoch's images so far, each measured before its step's update. */
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
  /** True at the end of an epoch whose loss is the lowest so far: of the test images or, if there are none, of training. */
  readonly best: boolean;
  readonly test?: Evaluation;
}
