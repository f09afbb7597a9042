// Batch normalisations in evaluation: folded into the layer in front. That every rung of a convolution can:
// test/kernels/convolution.test.ts.
import { expect, test } from "vitest";
import { lenetBn, resnet } from "../models/index.js";
import {
  adaptiveAvgPool2d, add, batchNorm, concat, conv2d, flatten, linear, named, relu, sequential, sgd, sigmoid,
  type Block, type Part,
} from "../src/index.js";
import { describe as network } from "../src/train/network.js";
import { inference } from "../src/train/programs.js";
import { Inference } from "../src/train/inference.js";
import { Session } from "../src/train/session.js";
import { noise, order } from "./noise.js";
import { largest, openTestDevice } from "./support.js";

const data = noise(8, [1, 12, 12], 8);

/** y + what a convolution and a normalisation make of y. */
const residual = (filters: number): Block => (y) => {
  const a = named("a", conv2d({ filters, kernel: 3, padding: 1, bias: false }))(y);
  return named("out", relu())(add(named("bn", batchNorm({ eps: 1e-3 }))(a), y));
};
const net = sequential(
  conv2d({ filters: 6, kernel: 3, padding: 1 }), batchNorm(), relu(),
  conv2d({ filters: 16, kernel: 3, stride: 2 }), batchNorm(), residual(16),
  conv2d({ filters: 16, kernel: 1 }), batchNorm(), sigmoid(), adaptiveAvgPool2d({ size: 2 }), flatten(),
  linear({ units: 20 }), batchNorm(), relu(), linear({ units: 8 }));

/** Logits after three steps, and the kernels that gave them. */
async function answered(part: Part, fuse: boolean, rung?: string) {
  const session = await Session.open(part, {
    device: await openTestDevice(), input: [1, 12, 12], batches: [8], data, optimizer: sgd({ lr: 0.1 }), seed: 3,
    fuse, rung,
  });
  for (let i = 0; i < 3; i++) session.step(order(8));
  const predictor = await Inference.open(session, 8);
  const logits = await predictor.logits(Float32Array.from(data.images, (byte) => byte / 255));
  predictor.destroy();
  session.destroy();
  return { logits, entries: predictor.player.steps.map(({ kernel }) => kernel.entry) };
}

test.each([undefined, "plain"])("rung %s: the same answers, and one dispatch for all normalisations", async (rung) => {
  const [fused, apart] = [await answered(net, true, rung), await answered(net, false, rung)];
  expect(apart.entries.filter((e) => e === "batch_norm_evaluate")).toHaveLength(5);
  const folds = fused.entries.filter((e) => e.startsWith("batch_norm"));
  expect(folds).toEqual(Array(2).fill("batch_norm_fold_all"));  // two eps
  for (const entry of ["add_forward", "activation_forward"])
    expect([fused, apart].map(({ entries }) => entries.includes(entry)), entry).toEqual([false, true]);
  const scale = largest(Float64Array.from(apart.logits));
  expect(scale).toBeGreaterThan(0.1);
  for (const [i, v] of apart.logits.entries()) expect(Math.abs(fused.logits[i] - v)).toBeLessThan(1e-5 * scale);
});

const conv = (name: string) => named(name, conv2d({ filters: 4, kernel: 3 }));
test.each<[string, Block]>([
  ["somebody else reads too", (x) => {
    const y = conv("conv")(x);
    return add(named("bn", batchNorm())(y), y);
  }],
  ["a kernel without a factor writes", (x) => named("bn", batchNorm())(concat(conv("a")(x), conv("b")(x)))],
])("a normalisation of what %s stays apart", async (_, block) => {
  const part = sequential(block, flatten(), linear({ units: 8 }));
  const [fused, apart] = [await answered(part, true), await answered(part, false)];
  expect(fused.entries).toContain("batch_norm_evaluate");
  expect(apart.logits.every(Number.isFinite)).toBe(true);
  expect(fused.logits).toEqual(apart.logits);
});

test.each([
  ["its statistics", false, ["batch_norm_fold_all", "batch_norm_evaluate"]],
  ["its parameters", true, ["batch_norm_evaluate", "batch_norm_evaluate"]],
])("a normalisation with %s in two buffers stays apart", (_, bias, want) => {
  const layers = [linear({ units: 8, bias }), batchNorm()], small = sequential(flatten(), ...layers, ...layers);
  const entries = (limit: number) => inference(network(small, [1, 2, 4], limit), 4, {}).steps
    .map(({ kernel: { entry } }) => entry).filter((entry) => entry.startsWith("batch_norm"));
  expect(entries(2 ** 20)).toEqual(["batch_norm_fold_all"]);
  expect(entries(3 * 256)).toEqual(want);
});

test.each<[string, Part, number, number]>([
  ["ResNet-18", resnet(18)(), 96, 24],
  ["LeNet with batch norm", lenetBn(), 28, 8],
])("%s answers in few dispatches, one of them for all normalisations", (_, part, side, dispatches) => {
  const { steps } = inference(network(part, [1, side, side], 2 ** 32), 16, { lanes: 8, tasks: 32 });
  expect(steps).toHaveLength(dispatches);
  expect(steps.filter(({ kernel }) => kernel.entry.startsWith("batch_norm"))).toHaveLength(1);
});
