// How close a kernel comes to its twin, and a twin's gradient to differences.
import { expect } from "vitest";
import { largest } from "./numbers.js";

let worst = 0;
/** The largest error that expectClose() has let pass since it was asked last. */
export function worstError(): number {
  try { return worst; } finally { worst = 0; }
}

/**
 * Fails with the worst element, not the first. `terms`: how many products are summed in one element. An error counts
 * relative to the largest element of `size`: the sums themselves or, where they may cancel, the same sums over absolute
 * values.
 */
export function expectClose(
  what: string, got: ArrayLike<number>, want: Float64Array, terms: number, size: Float64Array = want,
): void {
  expect(got.length, what).toBe(want.length);
  const tolerance = 2 ** -22 * Math.sqrt(terms), scale = largest(size);
  let at = 0;
  for (let i = 0; i < want.length; i++) if (!(Math.abs(got[i] - want[i]) <= Math.abs(got[at] - want[at]))) at = i;
  const error = Math.abs(got[at] - want[at]);
  if (!(error <= tolerance * scale && scale < Infinity))
    expect.fail(`${what}[${at}]: got ${got[at]}, want ${want[at]}, off by ${error}; the largest is ${scale}`);
  if (scale > 0) worst = Math.max(worst, error / scale);
}

/** Central differences of Σ dy · y against the gradient that the twin claims, in f64. */
export function expectGradient(
  what: string, forward: () => Float64Array, dy: Float64Array, at: Float64Array, claimed: Float64Array,
): void {
  const loss = () => forward().reduce((sum, v, i) => sum + v * dy[i], 0), e = 1e-4;
  at.forEach((v, i) => {
    at[i] = v + e; const above = loss();
    at[i] = v - e; const below = loss();
    at[i] = v;
    const want = (above - below) / (2 * e), error = Math.abs(claimed[i] - want) / (1 + Math.abs(want));
    if (!(error <= 1e-6)) expect.fail(`${what}[${i}]: claimed ${claimed[i]}, differences say ${want}`);
  });
}
