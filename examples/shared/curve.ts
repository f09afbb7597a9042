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
