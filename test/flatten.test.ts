// The order of features behind a flatten: H, W, C in memory, C, H, W in every state_dict. What cannot be told apart is
// refused.
import { expect, test } from "vitest";
import {
  adaptiveAvgPool2d, add, batchNorm, concat, conv2d, dropout, flatten, forward, linear, named, relu, sequential,
  summary, train, type Block, type Part,
} from "../src/index.js";
import { noise } from "./noise.js";
import { openTestDevice } from "./support.js";

const input = [2, 3, 3] as const, data = noise(2, input, 3);
/** W·x + b, W [out, in] as PyTorch has it. */
const dense = (x: readonly number[], w: Float32Array, b: Float32Array) =>
  Array.from(b, (v, k) => x.reduce((sum, value, c) => sum + value * w[k * x.length + c], v));

test("a linear layer as wide as the flattened image has PyTorch's weights, "
  + "and its outputs are in their own order", async () => {
  const net = sequential(flatten(), relu(), dropout(), linear({ units: 18 }), relu(), linear({ units: 3 }));
  const run = await train(net, { device: await openTestDevice(), data, batch: 2, epochs: 1 });
  const image = Uint8Array.from({ length: 18 }, (_, i) => 13 * i);
  const w = await run.weights(), of = (name: string) => w.get(name)!.data;
  const pixels = [...image].map((v) => v / 255);
  const hidden = dense(pixels, of("3.weight"), of("3.bias")).map((v) => Math.max(0, v));
  const powers = dense(hidden, of("5.weight"), of("5.bias")).map(Math.exp), total = powers.reduce((a, b) => a + b);
  const [{ probabilities }] = await run.predict(image), [shown] = await run.activations(image, 4);
  powers.forEach((power, k) => { expect(probabilities[k]).toBeCloseTo(power / total, 5); });
  hidden.forEach((v, k) => { expect(shown.data[k]).toBeCloseTo(v, 5); });
  run.destroy();
});

const split = (join: (f: Parameters<Block>[0]) => ReturnType<Block>): Part => (x) =>
  named("out", linear({ units: 3 }))(join(sequential(flatten())(x)));
const wide = named("fc", linear({ units: 18 }));
test.each<[string, Part]>([
  ["added to others", split((f) => add(f, wide(f)))],
  ["added behind others", split((f) => add(wide(f), f))],
  ["side by side", split((f) => concat(f, f))],
  ["beside others", split((f) => concat(wide(f), f))],
  ["at the end", sequential(conv2d({ filters: 2, kernel: 2 }), flatten())],
])("flattened features %s are refused", (_, net) => {
  expect(() => summary(net, { input, batch: 2 })).toThrow(/the order (is )?H, W, C|whose order is H, W, C/);
});

const onePixel: Part = (x) => {
  const f = sequential(adaptiveAvgPool2d({ size: 1 }), flatten())(x);
  return named("out", linear({ units: 3 }))(concat(f, wide(f)));
};
const oneChannel: Part = (x) => {
  const f = sequential(conv2d({ filters: 1, kernel: 2 }), flatten())(x);
  return named("out", linear({ units: 3 }))(concat(wide(f), f));
};
test.each<[string, Part]>([
  ["added to themselves", split((f) => add(f, sequential(relu())(f)))],
  ["of one pixel beside others", onePixel],
  ["of one channel beside others", oneChannel],
  ["of one channel before a linear layer of the same width",
    sequential(conv2d({ filters: 1, kernel: 2 }), flatten(), linear({ units: 4 }))],
])("flattened features %s are taken", (_, net) => {
  expect(summary(net, { input, batch: 2 }).layers.at(-1)!.layer).toBe("linear");
});

test("a layer keeps the batch, and a part is called", () => {
  const shape = ([N, H, W, C]: readonly number[]) => [N * H * W, C];
  const wrong = { name: "wrong", shape, forward() {}, backward() {} } as unknown as Part;
  expect(() => summary(sequential(wrong, linear({ units: 3 })), { input, batch: 2 }))
    .toThrow("0 (wrong): gives 9 images for 1; the first axis is the batch, which a layer keeps");
  const given: Part = (x) => named("out", x as unknown as Part)(x), unused: Part = () => sequential() as never;
  for (const part of [relu, [relu()], undefined, "relu", given, unused] as unknown as Part[])
    expect(() => summary(sequential(flatten(), part), { input, batch: 2 })).toThrow(/a part is a layer or a function/);
  expect(() => summary([relu()] as unknown as Part, { input, batch: 2 })).toThrow(/a part is a layer or a function/);
});

test("a normalisation of flattened features has its numbers in PyTorch's order, too", async () => {
  const net = sequential(flatten(), batchNorm({ eps: 1e-12 })), as = (...of: number[]) =>
    ({ shape: [of.length], data: Float32Array.from(of) });
  const x = { shape: [1, 2, 1, 3], data: [10, 20, 30, 40, 50, 60] }, weights = new Map([
    ["1.weight", as(1, 2, 3, 4, 5, 6)], ["1.bias", as(0, 0, 0, 0, 0, 1)],
    ["1.running_mean", as(1, 2, 3, 4, 5, 6)], ["1.running_var", as(1, 1, 1, 1, 1, 1)],
  ]);
  const { data } = await forward(net, { device: await openTestDevice(), x, weights });
  expect([...data].map(Math.round)).toEqual([9, 36, 81, 144, 225, 325]);
});
