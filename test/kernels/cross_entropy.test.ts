import { describe, expect, test } from "vitest";
import { cross_entropy_forward, cross_entropy_record } from "../../src/generated/cross_entropy.js";
import * as reference from "../reference/cross_entropy.js";
import { expectClose, expectGradient, gpu, random, run, runners, threeRows } from "../support.js";
import { recordsRow } from "./losses.js";

const control = { N: 8, K: 10, smoothing: 0, scale: 3, images: 0 };  // 0: as many as there are rows
const cases: Record<string, Partial<typeof control>> = {
  "control": {},
  "label smoothing": { smoothing: 0.1 },
  "all smoothed": { smoothing: 1 },
  "one row": { N: 1 },
  "a part of a step": { images: 20 },
  "one class": { K: 1 },
  "two classes": { K: 2 },
  "logits to ±1e4": { scale: 1e4 },
  "logits to ±1e4, smoothed": { scale: 1e4, smoothing: 0.1 },
  "more rows than a workgroup": { N: 70, K: 3 },
  "more classes than a workgroup": { N: 3, K: 100 },
  "grid folded into y": { N: 150, K: 3 },
};
const inputs = ({ N, K, scale }: typeof control) => ({
  x: random(1, N * K).map((v) => Math.fround(v * scale)),
  labels: Uint32Array.from({ length: N }, (_, n) => (3 * n + 1) % K),
});

test.each([1, 64, 70, 256])("writes the step's row of the ring too, %i images", (N) =>
  recordsRow(cross_entropy_record, cross_entropy_forward, N, { smoothing: 0.1 }));

describe.each(Object.keys(cases))("cross_entropy, %s", (name) => {
  const c = { ...control, ...cases[name] }, { x, labels } = inputs(c);
  const d: reference.Dim = { N: c.N, K: c.K, images: c.images || c.N, smoothing: c.smoothing };
  const want = reference.forward(d, x, labels);

  if (c.scale <= 3) test("the twin's gradient agrees with finite differences", () => {
    // Of the losses; hits have no gradient.
    const mean = Float64Array.from({ length: 2 * d.N }, (_, i) => i % 2 ? 0 : 1 / d.images);
    expectGradient("dx", () => reference.forward(d, x, labels).rows, mean, x, want.dx);
  });

  test.each(Object.keys(runners))("agrees with its twin: %s", async (where) => {
    const sizes = { probs: x.length, rows: 2 * d.N, dx: x.length };
    const work = name === "grid folded into y" ? threeRows(d.N) : d.N;
    const { probs, rows, dx } = await run(runners[where], cross_entropy_forward, { x, labels }, sizes, { ...d }, work);
    const even = (values: ArrayLike<number>) => Float64Array.from({ length: d.N }, (_, n) => values[2 * n]);
    expectClose("probs", probs, want.probs, d.K);
    expectClose("loss", even(rows), even(want.rows), d.K, even(want.rows).map((v) => Math.abs(v) + 1));
    expect(Array.from(rows).filter((_, i) => i % 2)).toEqual(Array.from(want.rows).filter((_, i) => i % 2));
    expectClose("dx", dx, want.dx, d.K, want.dx.map((v) => Math.abs(v) + 1 / d.images));
  });
});

test.each(Object.keys(runners))("of equal logits the first is the answer: %s", async (where) => {
  const given = { x: [1, 2, 2, 1, 2, 2], labels: [1, 2] }, sizes = { rows: 4, probs: 6, dx: 6 };
  const params = { N: 2, K: 3, images: 2, smoothing: 0 };
  const { rows } = await run(runners[where], cross_entropy_forward, given, sizes, params, 2);
  expect([rows[1], rows[3]]).toEqual([1, 0]);
});

test("a class that is ruled out, by a logit of −∞, costs nothing", async () => {
  const given = { x: [1, -Infinity, 1], labels: [0] }, sizes = { rows: 2, probs: 3, dx: 3 };
  const params = { N: 1, K: 3, images: 1, smoothing: 0 };
  const { rows, probs, dx } = await run(gpu, cross_entropy_forward, given, sizes, params, 1);
  expect([rows[0], ...probs, ...dx].map((v) => Number(v.toFixed(6)))).toEqual([0.693147, 0.5, 0, 0.5, -0.5, 0, 0.5]);
});
