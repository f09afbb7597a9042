// What holds where an option is not given: PyTorch's defaults, and train()'s.
import { expect, test } from "vitest";
import { probe } from "../src/check/probe.js";
import type { AnyLayer } from "../src/graph.js";
import { Recorder, tensor, type Shape } from "../src/gpu/recorder.js";
import {
  adam, adamw, avgPool2d, batchNorm, conv2d, depthwiseConv2d, dropout, elu, flatten, freeze, gelu, kaimingNormal,
  kaimingUniform, leakyRelu, linear, localResponseNorm, maxPool2d, normal, ones, rmsprop, sequential, sgd, softplus,
  torchDefault, train, xavierNormal, xavierUniform, type Init, type Layer, type TrainOptions,
} from "../src/index.js";
import type { Optimizer } from "../src/optimizers/optimizer.js";
import { random } from "../src/random.js";
import { noise } from "./noise.js";
import { openTestDevice } from "./support.js";

/** What the first kernel of a layer is told. */
const told = (layer: AnyLayer) => {
  const [{ params, overrides }] = probe(layer, [[2, 4, 4, 4]]).forward;
  return { ...params, ...overrides };
};
/** What the update is told. */
const updated = ({ lr, states, record }: Optimizer) => {
  const rec = new Recorder(), names = ["param", "dparam", "clock", ...states];
  record(rec, Object.fromEntries(names.map((name) => [name, tensor(name, [4])])) as never);
  const [{ params, overrides }] = rec.steps;
  return { lr, states, ...params, ...overrides };
};
test("what is not said is as in PyTorch", () => {
  const { weight_decay, ...rest } = { weight_decay: 0, alpha1: 1 - 0.9, alpha2: 1 - 0.999, eps: 1e-8, lr: 0.001 };
  expect(updated(adam())).toMatchObject({ ...rest, weight_decay, DECOUPLED: 0 });
  expect(updated(adamw())).toMatchObject({ ...rest, weight_decay: 0.01, DECOUPLED: 1 });
  expect(updated(rmsprop()))
    .toMatchObject({ lr: 0.01, rest: 1 - 0.99, eps: 1e-8, weight_decay: 0, momentum: 0, states: ["square"] });
  expect(updated(sgd({ lr: 1 }))).toMatchObject({ weight_decay: 0, states: [] });
  expect(updated(sgd({ lr: 1, momentum: 0.5, dampening: 0.1 })))
    .toMatchObject({ momentum: 0.5, dampening: 0.1, NESTEROV: 0 });
  expect(told(batchNorm())).toMatchObject({ eps: 1e-5, momentum: 0.1 });
  expect(told(localResponseNorm({ size: 5 })))
    .toMatchObject({ before: 2, after: 2, share: 1e-4 / 5, beta: 0.75, k: 1 });
  expect(told(dropout())).toMatchObject({ threshold: 2 ** 23, scale: 2 });
  expect(told(dropout({ p: 0.25 }))).toMatchObject({ threshold: 2 ** 22, scale: 4 / 3 });
  expect([leakyRelu(), elu(), gelu(), softplus()].map(told).map((d) => [d.ACTIVATION, d.ALPHA, d.THRESHOLD]))
    .toEqual([[4, 0.01, 0], [5, 1, 0], [6, 1, 0], [10, 1, 20]]);
  expect(told(avgPool2d({ kernel: 2 }))).toMatchObject({ COUNT_PAD: 1, STRIDE_H: 2, STRIDE_W: 2, padding_h: 0 });
  expect(told(maxPool2d({ kernel: [3, 2] }))).toMatchObject({ STRIDE_H: 3, STRIDE_W: 2, P: 1, Q: 2 });
  expect(told(conv2d({ filters: 4, kernel: 3 }))).toMatchObject({ STRIDE_H: 1, padding_w: 0, DILATION_H: 1, BIAS: 1 });
});

test("train() has a default for all but device and data; `init` is for weights of two axes or more", async () => {
  const run = await train(sequential(flatten(), linear({ units: 10 }), batchNorm()), {
    device: await openTestDevice(), data: noise(70, [1, 2, 2]), init: (size) => new Float32Array(size).fill(0.5),
  });
  const { batches, micro, optimizer: { name, lr }, loss, seed, clip } = run.session;
  expect({ batches, micro, name, lr, loss: loss.name, seed, clip, epochs: run.epochs }).toEqual({
    batches: [64, 6], micro: 64, name: "sgd", lr: 0.1, loss: "crossEntropy", seed: 0, clip: undefined, epochs: 10,
  });
  const first = [...await run.weights()].map(([name, { data }]) => [name, new Set(data).size > 1 ? "drawn" : data[0]]);
  expect(Object.fromEntries(first)).toEqual({
    "1.weight": 0.5, "1.bias": "drawn", "2.weight": 1, "2.bias": 0, "2.running_mean": 0, "2.running_var": 1,
  });
  run.destroy();
});

test("each parameter draws first values of its own, by the seed; frozen ones, too, take `init`", async () => {
  const device = await openTestDevice(), data = noise(4, [1, 2, 2]);
  const net = sequential(flatten(), linear({ units: 4 }), freeze(linear({ units: 4 })), linear({ units: 4 }));
  const weights = async (options: Partial<TrainOptions>) => {
    const run = await train(sequential(net, linear({ units: 10 })), { device, data, ...options });
    const all = await run.weights();
    run.destroy();
    return [1, 2, 3].map((i) => all.get(`0.${i}.weight`)!.data.join());
  };
  const [first, again, other] = [await weights({}), await weights({ seed: 0 }), await weights({ seed: 1 })];
  expect(again).toEqual(first);
  expect(new Set([...first, ...other]).size).toBe(6);
  expect(new Set(await weights({ init: ones }))).toEqual(new Set([Array(16).fill(1).join()]));
});

const fan = { in: 12, out: 18 };
test.each<[string, Init, bound: number]>([
  ["xavierUniform", xavierUniform, Math.sqrt(6 / 30)], ["kaimingUniform", kaimingUniform, Math.sqrt(6 / 12)],
  ["torchDefault", torchDefault, Math.sqrt(1 / 12)],
])("%s draws evenly between its bounds", (_, init, bound) => {
  const values = init(4000, fan, random(1, 0)), mean = values.reduce((a, b) => a + b, 0) / 4000;
  for (const end of [Math.min(...values) / -bound, Math.max(...values) / bound]) {
    expect(end).toBeGreaterThan(0.99);
    expect(end).toBeLessThanOrEqual(1);
  }
  expect(Math.abs(mean / bound)).toBeLessThan(0.05);
});
test.each<[string, Init, deviation: number]>([
  ["xavierNormal", xavierNormal, Math.sqrt(2 / 30)], ["kaimingNormal", kaimingNormal, Math.sqrt(2 / 12)],
  ["normal", normal(0.3), 0.3],
])("%s has its deviation, and no infinity", (_, init, deviation) => {
  const values = init(4000, fan, random(1, 0)), squares = values.reduce((a, b) => a + b * b, 0) / 4000;
  expect(Math.abs(Math.sqrt(squares) / deviation - 1)).toBeLessThan(0.05);
  expect(Math.abs(values.reduce((a, b) => a + b, 0) / 4000 / deviation)).toBeLessThan(0.05);
  expect([...init(2, fan, () => 0)].every(Number.isFinite)).toBe(true);
});

test("what comes into an element of a weight, and what goes out", () => {
  const of = (layer: Pick<Layer<"weight" | "bias">, "params">, x: Shape) => layer.params!(x).weight.fan;
  expect(of(conv2d({ filters: 6, kernel: [2, 3], groups: 2 }), [1, 8, 8, 4])).toEqual({ in: 12, out: 18 });
  expect(of(depthwiseConv2d({ kernel: 3 }), [1, 8, 8, 4])).toEqual({ in: 9, out: 9 });
  expect(of(linear({ units: 5 }), [1, 7])).toEqual({ in: 7, out: 5 });
});
