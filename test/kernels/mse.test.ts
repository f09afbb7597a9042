import { describe, expect, test } from "vitest";
import { mse_forward, mse_record } from "../../src/generated/mse.js";
import { meanSquaredError } from "../../src/index.js";
import * as reference from "../reference/mse.js";
import { expectClose, expectGradient, random, run, runners, threeRows } from "../support.js";
import { recordsRow } from "./losses.js";

const control = { N: 8, K: 10, scale: 3, images: 0 };  // 0: as many as there are rows
const cases: Record<string, Partial<typeof control>> = {
  "control": {},
  "one row": { N: 1 },
  "a part of a step": { images: 20 },
  "one class": { K: 1 },
  "predictions to ±1e4": { scale: 1e4 },
  "more rows than a workgroup": { N: 70, K: 3 },
  "more classes than a workgroup": { N: 3, K: 100 },
  "grid folded into y": { N: 150, K: 3 },
};

test.each([1, 64, 70, 256])("writes the step's row of the ring too, %i images", (N) =>
  recordsRow(mse_record, mse_forward, N));

describe.each(Object.keys(cases))("mse, %s", (name) => {
  const { N, K, scale, images } = { ...control, ...cases[name] }, d = { N, K, images: images || N };
  const x = random(1, N * K).map((v) => Math.fround(v * scale));
  const labels = Uint32Array.from({ length: N }, (_, n) => (3 * n + 1) % K);
  const want = reference.forward(d, x, labels);

  if (scale <= 3) test("the twin's gradient agrees with finite differences", () => {
    // Of the losses; hits have no gradient.
    const mean = Float64Array.from({ length: 2 * N }, (_, i) => i % 2 ? 0 : 1 / d.images);
    expectGradient("dx", () => reference.forward(d, x, labels).rows, mean, x, want.dx);
  });

  test.each(Object.keys(runners))("agrees with its twin: %s", async (where) => {
    const sizes = { probs: x.length, rows: 2 * N, dx: x.length };
    const work = name === "grid folded into y" ? threeRows(N) : N;
    const { probs, rows, dx } = await run(runners[where], mse_forward, { x, labels }, sizes, d, work);
    const every = (values: ArrayLike<number>, odd: number) =>
      Float64Array.from({ length: N }, (_, n) => values[2 * n + odd]);
    expect(Array.from(probs)).toEqual(Array.from(x));
    expectClose("loss", every(rows, 0), every(want.rows, 0), K);
    expect(every(rows, 1)).toEqual(every(want.rows, 1));
    expectClose("dx", dx, want.dx, 1);
  });
});

test.each(
  Object.keys(runners),
)("is the mean over all elements, and of equal predictions the first is the answer: %s", async (where) => {
  const given = { x: [1, 2, 2, 0.5, 0, 0], labels: [1, 2] };
  const sizes = { rows: 4, probs: 6, dx: 6 }, params = { N: 2, K: 3, images: 2 };
  const { rows, dx } = await run(runners[where], mse_forward, given, sizes, params, 2);
  expect([...rows]).toEqual([2, 1, Math.fround(1.25 / 3), 0]);  // PyTorch: (2 + 1.25 / 3) / 2
  expect(dx[1]).toBeCloseTo(1 / 3, 6);
});

test("wants one row of predictions an image", () => {
  expect(() => meanSquaredError().check([1, 2, 2, 3])).toThrow(
    "meanSquaredError expects [N, classes], but the network gives [N, C, H, W]; end it with flatten()");
});
