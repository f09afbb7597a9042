import { expect, test } from "vitest";
import { emptyCurve, small, upTo, withEpoch, withLosses } from "../examples/shared/curve.js";
import { csvOf } from "../examples/shared/runs.js";
import type { Progress } from "../src/index.js";

const losses = (n: number) => Array.from({ length: n }, (_, i) => 2 - i / n);

test("a smoothed curve is the same however its losses arrive, and begins at the first loss", () => {
  const all = losses(40), once = withLosses(emptyCurve, 40, all);
  const twice = withLosses(withLosses(emptyCurve, 13, all.slice(0, 13)), 40, all.slice(13));
  expect(once.means[0]).toBe(2);
  expect(twice.steps).toEqual(once.steps);
  once.means.forEach((mean, i) => { expect(twice.means[i]).toBeCloseTo(mean, 12); });
  expect(withLosses(emptyCurve, 3, [1, 1, 1]).means).toEqual([1, 1, 1]);
  // few steps that fall fast: it is not left behind
  expect(withLosses(emptyCurve, 5, [7.1, 2.7, 0.9, 0.6, 0.3]).means.at(-1)).toBeLessThan(0.4);
  expect(withLosses(emptyCurve, 5001, [1, 16]).means.at(-1)).toBe(2);  // later it moves by a fifteenth
});

test("a long curve is thinned and keeps its last point; a stored one has few", () => {
  const curve = withLosses(emptyCurve, 10000, losses(5000)), stored = small(curve);
  expect(curve.steps.length).toBeLessThanOrEqual(4096);
  expect([curve.steps.at(-1), stored.steps.at(-1)]).toEqual([10000, 10000]);
  expect(stored.losses.at(-1)).toBe(Number(losses(5000)[4999].toPrecision(5)));
  expect(stored.steps.length).toBeLessThanOrEqual(400);
});

const epoch = { epoch: 1, accuracy: 0.5, test: { accuracy: 0.25 } } as Progress;

test("going back to a step forgets what came after it", () => {
  const curve = withEpoch(withLosses(emptyCurve, 10, losses(10)), 10, epoch);
  expect(upTo(curve, 10)).toEqual(curve);
  expect(upTo(curve, 9)).toMatchObject({ steps: [1, 2, 3, 4, 5, 6, 7, 8, 9], epochs: [] });
});

test("the CSV has a row a step, with the epoch's accuracies and the settings", () => {
  const curve = withEpoch(withLosses(emptyCurve, 2, [2, 1]), 2, epoch);
  const runs = [{ id: 0, settings: { batch: 16 }, curve }];
  expect(csvOf(runs, [{ name: "batch", label: "Batch size", kind: "choice" }]).trimEnd().split("\n")).toEqual([
    "run,step,loss,smoothed_loss,epoch,training_accuracy,test_accuracy,batch",
    "1970-01-01T00:00:00.000Z,1,2,2,,,,16",
    `1970-01-01T00:00:00.000Z,2,1,${curve.means[1]},1,0.5,0.25,16`,
  ]);
});
