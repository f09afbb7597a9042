// The host's random numbers, and the order of images that they decide. Of which words: kernels/philox.test.ts.
import { expect, test } from "vitest";
import { dropout, flatten, linear, sequential, sgd, train } from "../src/index.js";
import { permutation, philox, random } from "../src/random.js";
import { Session } from "../src/train/session.js";
import { noise, order } from "./noise.js";
import { openTestDevice } from "./support.js";

test("a stream is philox's words, one after the other, 24 bits of each", () => {
  for (const stream of [0, 3, 2 ** 32 + 3]) {
    const next = random(7, stream), high = stream >= 2 ** 32 ? 1 : 0;
    const words = [0, 1, 2].flatMap((block) => philox([block, 0, stream % 2 ** 32, high], [7, 0]));
    expect(words.map(() => next())).toEqual(words.map((word) => (word >>> 8) / 2 ** 24));
  }
});

test("a shuffle has every index once, and may leave one where it is; seed and epoch decide", () => {
  expect([...permutation(100, 1, 0)].sort((a, b) => a - b)).toEqual([...Array(100).keys()]);
  const orders = [[1, 0], [1, 0], [1, 1], [2, 0]].map(([seed, epoch]) => permutation(100, seed, epoch).join());
  expect(new Set(orders).size).toBe(3);
  const ofThree = Array.from({ length: 100 }, (_, seed) => permutation(3, seed, 0).join());
  expect(new Set(ofThree).size).toBe(6);
});

test("a run takes its images in another order each epoch, all of them, the last batch being what is left", async () => {
  const device = await openTestDevice(), taken: number[][] = [];
  const net = sequential(flatten(), linear({ units: 10 }));
  const run = await train(net, {
    device, data: noise(10, [1, 2, 2]), batch: 4, epochs: 2, seed: 5, optimizer: sgd({ lr: 0.01 }),
  });
  const { session } = run, step = session.step.bind(session);
  session.step = (order, ...rest) => { taken.push([...order]); return step(order, ...rest); };
  await run.finish();
  const epochs = [0, 1].map((epoch) => [...permutation(10, 5, epoch)]);
  expect(taken).toEqual(epochs.flatMap((order) => [order.slice(0, 4), order.slice(4, 8), order.slice(8)]));
  run.destroy();
});

test("what is dropped in a step follows from the run's seed and the step", async () => {
  const device = await openTestDevice(), data = noise(8, [1, 4, 4]), net = sequential(
    flatten(), dropout(), linear({ units: 10, bias: false }));
  const init = (size: number) => Float32Array.from({ length: size }, (_, i) => i % 7 / 7), input = [1, 4, 4];
  const losses = async (seed: number) => {
    const session = await Session.open(net, {
      device, input, batches: [8], data, seed, init, optimizer: sgd({ lr: 0 }),
    });
    for (let i = 0; i < 2; i++) session.step(order(8));
    const [first, , , , second] = await session.fetch();
    session.destroy();
    return [first, second];
  };
  const [once, again, other] = [await losses(1), await losses(1), await losses(2)];
  expect(again).toEqual(once);
  expect(new Set([...once, ...other]).size).toBe(4);
});
