import { atLeast, known, positive, share } from "../options.js";

/** Where a run is when a schedule is asked for the rate of its next step. */
export interface Moment {
  /** Steps taken before this one, and all that the run will take. */
  readonly step: number;
  readonly steps: number;
  /** Complete epochs, and all of them. */
  readonly epoch: number;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  /** Loss of each complete epoch: on the test images or, if there are none, on the training images. */
  readonly history: readonly number[];
}

/**
 * The factor on the optimizer's lr for one step. A function of the moment alone, so that a run that is resumed gets the
 * same rates.
 */
export type Schedule = (at: Moment) => number;

/** What a schedule says of the step that follows `at` others of a run's epoch; 1 without one. */
export function factor(
  schedule: Schedule | undefined, { epoch, epochs, stepsPerEpoch, history }: Omit<Moment, "step" | "steps">, at: number,
): number {
  if (!schedule) return 1;
  const factor = schedule({
    step: epoch * stepsPerEpoch + at, steps: epochs * stepsPerEpoch, epoch, epochs, stepsPerEpoch, history,
  });
  atLeast(0, { "the schedule's factor": factor });
  return factor;
}

/** From `start` to `end` along half a cosine, as t goes from 0 to 1. */
const eased = (start: number, end: number, t: number) =>
  end + (start - end) / 2 * (1 + Math.cos(Math.PI * Math.min(1, t)));

/** The same rate throughout: what a run without a schedule has. */
export function constantRate(factor = 1): Schedule {
  atLeast(0, { factor });
  return () => factor;
}

/** What stepDecay() takes. */
export interface StepDecayOptions {
  /** Epochs between two reductions. */
  every: number;
  /** Default 0.1. */
  gamma?: number;
}

/** Times gamma every so many epochs, as StepLR. */
export function stepDecay(options: StepDecayOptions): Schedule {
  const { every, gamma = 0.1 } = known("stepDecay", options, "every, gamma");
  atLeast(0, { gamma });
  positive("every", every);
  return ({ epoch }) => gamma ** Math.floor(epoch / every);
}

/** Times gamma after each epoch, as ExponentialLR. */
export function exponential(options: { gamma: number }): Schedule {
  const { gamma } = known("exponential", options, "gamma");
  atLeast(0, { gamma });
  return ({ epoch }) => gamma ** epoch;
}

/** What cosine() takes. */
export interface CosineOptions {
  /** Steps over which the rate first rises evenly to lr; below 1: share of all steps. Default 0. */
  warmup?: number;
  /** Factor it ends at. Default 0. */
  minimum?: number;
}

/**
 * Half a cosine from lr down to minimum · lr, step by step, as CosineAnnealingLR with T_max = all steps after the
 * warm-up.
 */
export function cosine(options: CosineOptions = {}): Schedule {
  const { warmup = 0, minimum = 0 } = known("cosine", options, "warmup, minimum");
  atLeast(0, { warmup, minimum });
  return ({ step, steps }) => {
    const up = warmup < 1 ? Math.round(warmup * steps) : Math.round(warmup);
    return step < up ? (step + 1) / up : eased(1, minimum, (step - up) / (steps - up));
  };
}

/** What oneCycle() takes. */
export interface OneCycleOptions {
  /** Factor at the peak. Default 1: the optimizer's lr is the highest rate. */
  peak?: number;
  /** Share of all steps in which the rate rises. Default 0.3. */
  warmup?: number;
  /** The first rate is the peak's ÷ this. Default 25. */
  divFactor?: number;
  /** The last rate is the first ÷ this. Default 10,000. */
  finalDivFactor?: number;
}

/** Up along a cosine, then down to almost nothing, as OneCycleLR with its defaults; the momentum stays as it is. */
export function oneCycle(options: OneCycleOptions = {}): Schedule {
  const { peak = 1, warmup = 0.3, divFactor = 25, finalDivFactor = 1e4 } =
    known("oneCycle", options, "peak, warmup, divFactor, finalDivFactor");
  atLeast(0, { peak });
  share({ warmup });
  atLeast(1, { divFactor, finalDivFactor });
  const first = peak / divFactor, final = first / finalDivFactor;
  return ({ step, steps }) => {
    const top = warmup * steps - 1;  // the step of the peak
    if (top > 0 && step <= top) return eased(first, peak, step / top);
    return eased(peak, final, steps - 1 > top ? (step - top) / (steps - 1 - top) : 0);
  };
}

/** What reduceOnPlateau() takes. */
export interface PlateauOptions {
  /** Default 0.1. */
  factor?: number;
  /** Epochs without a better loss that are put up with. Default 10. */
  patience?: number;
  /** Factor it never goes below. Default 0. */
  minimum?: number;
  /** A loss is better if it is below the best so far by this share of it. Default 1e-4. */
  threshold?: number;
}

/** Times factor when the loss has not become better for more than `patience` epochs, as ReduceLROnPlateau. */
export function reduceOnPlateau(options: PlateauOptions = {}): Schedule {
  const { factor = 0.1, patience = 10, minimum = 0, threshold = 1e-4 } =
    known("reduceOnPlateau", options, "factor, patience, minimum, threshold");
  share({ factor, threshold });
  atLeast(0, { patience, minimum });
  return ({ history }) => {
    let best = Infinity, bad = 0, rate = 1;
    for (const loss of history) {
      if (loss < best * (1 - threshold)) { best = loss; bad = 0; } else bad++;
      if (bad > patience) { rate = Math.max(rate * factor, Math.min(rate, minimum)); bad = 0; }
    }
    return rate;
  };
}
