// A step is one submit, but where a slow GPU would be at it for seconds; and it is the same step in several.
import { expect, test } from "vitest";
import { families, lenet } from "../models/index.js";
import { submits } from "../src/gpu/player.js";
import { sgd, summary } from "../src/index.js";
import { macs } from "../src/profile/cost.js";
import { Session } from "../src/train/session.js";
import { readWeights } from "../src/train/weights.js";
import { counted } from "./counted.js";
import { noise, order } from "./noise.js";
import { openTestDevice } from "./support.js";

/** Of 128 images, as large as the seed article has them. */
const expected: Record<string, [size: number, submits: number]> = {
  "lenet": [28, 1], "lenet-bn": [28, 1], "alexnet": [224, 3], "vgg11": [224, 19],
  "nin": [224, 3], "googlenet": [96, 1], "resnet18": [96, 1], "densenet": [96, 1],
};
test("a dispatch that is too much for one submit has one of its own, and none is empty", () => {
  const of = (...work: number[]) => submits(work.map((N) => ({ params: { N: N * 2 ** 30 } })) as never);
  expect([of(), of(1), of(200), of(200, 200), of(60, 60, 60), of(100, 28, 1), of(100, 29)])
    .toEqual([[0], [1], [1], [1, 2], [2, 3], [2, 3], [1, 2]]);
});

test.each(Object.entries(expected))("%s, batch 128: pixels and submits %j", (family, [size, parts]) => {
  const found = summary(families[family](), { input: [1, size, size], batch: 128 });
  expect(found.submits).toBe(parts);
  expect(String(found)).toContain(`${found.dispatches} dispatches in ${parts > 1 ? `${parts} submits` : "one submit"}`);
});

test("a submit is of about 2^37 multiply-adds at most (both gradients of a linear layer count as one), "
  + "or of one dispatch", async () => {
  const device = await openTestDevice();
  const session = await Session.open(lenet(), { device, input: [1, 28, 28], batches: [8] });
  const [{ program: { steps } }] = session.ready, times = (factor: number) =>
    steps.map((step) => ({ ...step, params: { ...step.params, N: factor * step.params.N } }));
  for (const factor of [1, 1e4, 1e5, 1e6]) {
    const ends = submits(times(factor));
    const sums = ends.map((to, i) => times(factor).slice(ends[i - 1] ?? 0, to).map(macs).filter(Boolean));
    expect(ends.length > 1, `${factor}`).toBe(factor > 1e4);
    expect(ends.at(-1)).toBe(steps.length);
    for (const sum of sums) {
      const total = sum.reduce((a, b) => a + b, 0);
      expect(total <= 1.1 * 2 ** 37 || sum.length === 1, `${factor}: ${sum.join()}`).toBe(true);
    }
  }
  expect(submits([])).toEqual([0]);
  session.destroy();
});

test("in several submits a step has the same bits, and its losses are read in the last", async () => {
  const device = await openTestDevice(), data = noise(16, [1, 28, 28]);
  const trained = async (ends?: number[]) => {
    const session = await Session.open(lenet({ activation: "relu" }), {
      device, input: [1, 28, 28], batches: [16], data, optimizer: sgd({ lr: 0.1, momentum: 0.9 }),
    });
    const [{ player }] = session.ready, rows: number[] = [];
    if (ends) Object.assign(player, { ends: [...ends, player.steps.length] });
    const { submit: sent } = await counted(device.gpu, async () => {
      for (let i = 1; i <= 3; i++) rows.push(...(await session.step(order(16), 0.1, true)!).subarray(0, 4 * i));
    });
    const weights = await readWeights(session.memory, session.network);
    session.destroy();
    return { sent, rows, weights };
  };
  const whole = await trained(), cut = await trained([1, 7, 8]);
  expect([whole.sent, cut.sent]).toEqual([3, 12]);
  expect(cut.rows).toEqual(whole.rows);
  expect(cut.weights).toEqual(whole.weights);
  expect(new Set(whole.rows.filter((_, i) => i % 4 === 0)).size).toBe(3);  // it learns: three losses, that differ
});
