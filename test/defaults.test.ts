// What holds where an option is not given: PyTorch's defaults, and train()'s.
import { expect, test } from "vitest";
import { probe, type AnyLayer } from "../src/check/probe.js";
import { Recorder, tensor } from "../src/gpu/recorder.js";
import {
  adam, adamw, avgPool2d, batchNorm, conv2d, dropout, elu, flatten, freeze, gelu, leakyRelu, linear, localResponseNorm,
  maxPool2d, ones, rmsprop, sequential, sgd, softplus, train, type TrainOptions,
} from "../src/index.js";
import type { Optimizer } from "../src/optimizers/optimizer.js";
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
