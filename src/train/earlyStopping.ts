import { atLeast, known, positive } from "../options.js";
import type { RunOptions } from "./progress.js";

/** When a run ends by itself. */
export interface EarlyStopping {
  /**
   * Epochs without a better loss after which the run ends. The loss is that of the test images or, if there are none,
   * of training.
   */
  patience: number;
  /** How far below the best so far a loss must be to be better. Default 0. */
  minDelta?: number;
  /**
   * Keep the weights of the best epoch, as keepBest does, and put them back at the end of the run, early or not; stop()
   * puts nothing back. Default true.
   */
  restoreBest?: boolean;
}

export function checkEarlyStopping(options: EarlyStopping): void {
  const { patience, minDelta = 0 } = known("earlyStopping", options, "patience, minDelta, restoreBest");
  positive("patience", patience);
  atLeast(0, { minDelta });
}

/** What the options say at the end of an epoch: whether it is the best, what is kept and put back, whether it ends. */
export function judge(
  history: readonly number[], { keepBest, earlyStopping: stopping }: Pick<RunOptions, "keepBest" | "earlyStopping">,
) {
  const since = sinceBest(history, stopping?.minDelta), restores = Boolean(stopping && stopping.restoreBest !== false);
  return { best: since === 0, ends: since >= (stopping?.patience ?? Infinity), keeps: keepBest || restores, restores };
}

/** Epochs since the best loss of a history: 0 if the last one is the best. */
export function sinceBest(history: readonly number[], minDelta = 0): number {
  let best = Infinity, since = 0;
  for (const loss of history) if (loss < best - minDelta) { best = loss; since = 0; } else since++;
  return since;
}
