import { expect, test } from "vitest";
import { ceiling, emptyCurve, withLosses, type Curve } from "../examples/shared/curve.js";

/** A loss that falls from 2.3, with other values put in at some steps. */
function run(steps: number, odd: Readonly<Record<number, number>> = {}): Curve {
  return withLosses(emptyCurve, steps,
    Array.from({ length: steps }, (_, i) => odd[i] ?? 0.02 + 2.3 * Math.exp(-i / 40)));
}
/** So many steps from one on that run away. */
const away = (from: number, many: number) =>
  Object.fromEntries(Array.from({ length: many }, (_, i) => [from + i, 10 ** (i / 3)]));

test("an axis reaches all of a usual run, its high beginning too", () => {
  for (const steps of [1, 2, 40, 3000]) expect(ceiling(run(steps))).toEqual({ top: 2.32, most: 2.32 });
  expect(ceiling(run(300, { 120: 6 }))).toEqual({ top: 6, most: 6 });
  expect(ceiling(emptyCurve)).toEqual({ top: 0, most: 0 });
  expect(ceiling(emptyCurve, [run(3)])).toEqual({ top: 2.32, most: 2.32 });
});

test.each([
  ["one loss", run(300, { 120: 4000 }), []],
  ["one early loss, which is in most means", run(60, { 12: 40_000 }), []],
  ["the first", run(300, { 0: 4000 }), []],
  ["the end of a run", run(80, away(60, 20)), []],
  ["an earlier run", run(30), [run(80, away(60, 20)), run(60)]],
])("what ran away is cut off: %s", (_, now, past) => {
  const { top, most } = ceiling(now, past);
  expect(most).toBeGreaterThan(1000);
  expect(top).toBeGreaterThan(2);
  expect(top).toBeLessThan(10);
});

test("a run that is high for long is not cut off, nor are others beside it", () => {
  const high = run(50, Object.fromEntries(Array.from({ length: 50 }, (_, i) => [i, 100 + i])));
  expect(ceiling(high, [run(50)])).toEqual({ top: 149, most: 149 });
});
