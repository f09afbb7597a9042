// How high an axis must reach, so that a few values that ran away do not press all others flat.

import type { Curve } from "./curve.js";

/** Times what a loss usually is. */
const MOST = 4;

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1];

/**
 * For a run, drawn by its losses and means, and earlier ones, drawn by their means: how far up an axis goes, and the
 * largest value, which is higher where something is cut off. What is usual for a run is the median of its losses or, if
 * that is more, that of the first few: losses begin high. The means are no measure: one that ran away is in many.
 */
export function ceiling(
  now: Curve, past: readonly Curve[] = [],
): { readonly top: number; readonly most: number } {
  const usual = [now, ...past].flatMap(({ losses }) =>
    losses.length ? [median(losses), median(losses.slice(0, 5))] : []);
  const limit = MOST * Math.max(0, ...usual);
  let top = 0, most = 0;
  for (const line of [now.losses, ...[now, ...past].map(({ means }) => means)]) for (const value of line) {
    most = Math.max(most, value);
    if (value <= limit) top = Math.max(top, value);
  }
  return { top, most };
}
