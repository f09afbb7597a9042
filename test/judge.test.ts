import { expect, test } from "vitest";
import { fit } from "../examples/shared/fit.js";
import { judge } from "../examples/shared/judge.js";
import { lenet } from "../models/index.js";
import { dataset } from "../src/data/dataset.js";
import { sgd, train } from "../src/index.js";
import { noise } from "./noise.js";
import { openTestDevice } from "./support.js";

const images = (n: number) => noise(n, [1, 28, 28]);

test("an evaluator's probabilities are those of its loss and accuracy, and do not disturb a measurement", async () => {
  const test = images(21), run = await train(lenet({ activation: "relu" }), {
    device: await openTestDevice(), data: { train: images(16), test, name: "", source: "" },
    batch: 8, epochs: 2, optimizer: sgd({ lr: 0.05 }),
  });
  for await (const e of run) void e;
  const before = await run.evaluate();
  const [probabilities, after] = await Promise.all([run.test!.probabilities(), run.evaluate()]);
  expect(after).toEqual(before);
  const rows = [...test.labels].map((label, i) => ({ label, p: probabilities.subarray(10 * i, 10 * i + 10) }));
  expect(rows.reduce((sum, { p, label }) => sum - Math.log(p[label]) / 21, 0)).toBeCloseTo(before.loss, 5);
  const right = rows.filter(({ p, label }) => p.indexOf(Math.max(...p)) === label);
  expect(right.length / 21).toBeCloseTo(before.accuracy, 6);
  const predicted = await run.predict(test.images);
  rows.forEach(({ p }, i) => {
    p.forEach((v, k) => { expect(Math.abs(v - predicted[i].probabilities[k])).toBeLessThan(1e-6); });
  });
  run.destroy();
});

test("a judgement counts every image once, and lists mistakes by their loss", () => {
  const data = dataset({
    images: new Uint8Array(4), labels: Uint8Array.of(0, 1, 1, 0), shape: [1, 1, 1], classes: ["a", "b"],
  });
  const { counts, worst } = judge(data, Float32Array.of(0.9, 0.1, 0.75, 0.25, 0.5, 0.5, 0, 1));
  expect(counts).toEqual([[1, 1], [2, 0]]);
  expect(worst.map(({ index, guess, trust }) => [index, guess, trust])).toEqual([[3, 1, 1], [1, 0, 0.75], [2, 0, 0.5]]);
  expect(worst[0].loss).toBeCloseTo(38 * Math.LN10);
  expect(judge(data, Float32Array.of(1, 0, 0, 1, 0, 1, 1, 0)).worst).toEqual([]);
});

/** Pixels of a grey ground with a rectangle of another grey. */
function picture(
  width: number, height: number, ground: number, ink: number, [x, y, w, h]: readonly number[],
): Uint8ClampedArray {
  return Uint8ClampedArray.from({ length: 4 * width * height }, (_, i) => {
    const u = (i >> 2) % width - x, v = Math.floor((i >> 2) / width) - y;
    return i % 4 === 3 ? 255 : u >= 0 && u < w && v >= 0 && v < h ? ink : ground;
  });
}

test("a drawing fills the frame, is centred, and is light on black whatever its colours", () => {
  // half as wide as high: the middle four columns of eight
  const want = Array.from({ length: 64 }, (_, i) => i % 8 >= 2 && i % 8 < 6 ? 255 : 0);
  expect([...fit(picture(40, 30, 0, 255, [30, 1, 8, 16]), 40, 30, 8)]).toEqual(want);
  expect([...fit(picture(40, 30, 255, 0, [3, 9, 8, 16]), 40, 30, 8)]).toEqual(want);
  expect([...fit(picture(40, 30, 0, 255, [3, 9, 2, 4]), 40, 30, 8)]).toEqual(want);  // enlarged as well as reduced
  expect(fit(picture(40, 30, 60, 60, [0, 0, 4, 4]), 40, 30, 8).some(Boolean)).toBe(false);
});
