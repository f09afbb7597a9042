// What a run has shown so far, as numbers: its losses step by step, its accuracies epoch by epoch.
import type { Progress } from "convoy-gpu";

export interface EpochPoint {
  readonly epoch: number;
  readonly step: number;
  readonly training: number;
  readonly test: number | null;
}
export interface Curve {
  readonly steps: readonly number[];
  readonly losses: readonly number[];
  readonly means: readonly number[];
  readonly epochs: readonly EpochPoint[];
}

export const emptyCurve: Curve = { steps: [], losses: [], means: [], epochs: [] };
const MOST = 4096;
/** Steps that are averaged over, about; at first a quarter of those there are, so that the mean is not left behind. */
const MEMORY = 15;

/** A curve with the losses of the steps that end with step `total`. Past 4,096 points, every other one goes. */
export function withLosses(curve: Curve, total: number, added: readonly number[]): Curve {
  const steps = [...curve.steps], losses = [...curve.losses], means = [...curve.means];
  added.forEach((loss, i) => {
    const step = total - added.length + i + 1, mean = means.at(-1) ?? loss;
    steps.push(step);
    losses.push(loss);
    means.push(mean + (loss - mean) / Math.min(MEMORY, Math.max(1, step / 4)));
  });
  const whole = { ...curve, steps, losses, means };
  return steps.length > MOST ? halved(whole) : whole;
}

/** Every other point; the last stays. */
function halved(curve: Curve): Curve {
  const half = (a: readonly number[]) => a.filter((_, i) => (a.length - i) % 2 === 1);
  return { ...curve, steps: half(curve.steps), losses: half(curve.losses), means: half(curve.means) };
}

export const withEpoch = (curve: Curve, step: number, { epoch, accuracy, test }: Progress): Curve =>
  ({ ...curve, epochs: [...curve.epochs, { epoch, step, training: accuracy, test: test?.accuracy ?? null }] });

/** Forgets what came after a step. */
export function upTo(curve: Curve, step: number): Curve {
  const keep = curve.steps.filter((s) => s <= step).length, cut = (a: readonly number[]) => a.slice(0, keep);
  return {
    steps: cut(curve.steps), losses: cut(curve.losses), means: cut(curve.means),
    epochs: curve.epochs.filter((e) => e.step <= step),
  };
}

/** With few points, and few digits, to be stored. */
export function small(curve: Curve, most = 400): Curve {
  let thin = curve;
  while (thin.steps.length > most) thin = halved(thin);
  const short = (a: readonly number[]) => a.map((v) => Number(v.toPrecision(5)));
  return { ...thin, losses: short(thin.losses), means: short(thin.means) };
}

const HIGH = 4;  // times what a loss usually is

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1];

/**
 * How high an axis must reach, so that a few values that ran away do not press all others flat.
 *
 * For a run, drawn by its losses and means, and earlier ones, drawn by their means: how far up an axis goes, and the
 * largest value, which is higher where something is cut off. What is usual for a run is the median of its losses or, if
 * that is more, that of the first few: losses begin high. The means are no measure: one that ran away is in many.
 */
export function ceiling(
  now: Curve, past: readonly Curve[] = [],
): { readonly top: number; readonly most: number } {
  const usual = [now, ...past].flatMap(({ losses }) =>
    losses.length ? [median(losses), median(losses.slice(0, 5))] : []);
  const limit = HIGH * Math.max(0, ...usual);
  let top = 0, most = 0;
  for (const line of [now.losses, ...[now, ...past].map(({ means }) => means)]) for (const value of line) {
    most = Math.max(most, value);
    if (value <= limit) top = Math.max(top, value);
  }
  return { top, most };
}
