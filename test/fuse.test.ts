import { expect, test } from "vitest";
import { lenet } from "../models/index.js";
import {
  adaptiveAvgPool2d, add, avgPool2d, batchNorm, concat, conv2d, dropout, elu, flatten, gelu, linear, maxPool2d, named,
  relu, sequential, sgd, silu, type Block, type Layer, type Part,
} from "../src/index.js";
import { bake } from "../src/gpu/kernel.js";
import { Predictor } from "../src/train/predictor.js";
import { Session } from "../src/train/session.js";
import { readWeights } from "../src/train/weights.js";
import { noise } from "./noise.js";
import { openTestDevice } from "./support.js";

const data = noise(16, [1, 28, 28]), order = Uint32Array.from({ length: 8 }, (_, i) => 2 * i);

async function trained(net: Part, fuse: boolean) {
  const session = await Session.open(net, {
    device: await openTestDevice(), input: [1, 28, 28], batches: [8], data, optimizer: sgd({ lr: 0.05, momentum: 0.9 }),
    seed: 1, fuse,
  });
  for (let i = 0; i < 3; i++) session.step(order);
  const weights = await readWeights(session.memory, session.network), { steps } = session.programs[0];
  const entries = steps.map(({ kernel }) => kernel.entry), ring = (await session.fetch()).slice(0, 12);
  expect(ring.every(Number.isFinite)).toBe(true);
  session.destroy();
  return { weights, steps, entries, dispatches: steps.length, ring };
}

test.each([
  "relu", "sigmoid", "tanh",
] as const)("LeNet with %s: fused, the same bits in fewer dispatches", async (activation) => {
  const [fused, apart] = [await trained(lenet({ activation }), true), await trained(lenet({ activation }), false)];
  expect(apart.dispatches - fused.dispatches).toBeGreaterThanOrEqual(7);
  const reductions = [apart, fused].map(({ entries }) => entries.filter((e) => e.startsWith("reduce")));
  expect(reductions).toEqual([["reduce_sum", "reduce_sum"], ["reduce_all_sum"]]);
  expect(fused.ring).toEqual(apart.ring);
  expect(fused.weights).toEqual(apart.weights);
});

test("an output that somebody else reads too stays apart", async () => {
  const twice: Block = (x) => {
    const y = named("conv", conv2d({ filters: 4, kernel: 3 }))(x);
    return add(named("relu", relu())(y), y);
  };
  const net = sequential(twice, flatten(), linear({ units: 10 }));
  const [fused, apart] = [await trained(net, true), await trained(net, false)];
  expect(fused.entries).toContain("activation_forward");
  expect(fused.weights).toEqual(apart.weights);
});

const conv = (name: string, filters: number, f: Layer = relu()): Block => (x) =>
  named(`${name}.f`, f)(named(name, conv2d({ filters, kernel: 3, padding: 1 }))(x));
/** Four paths out of one value into one concatenation, as in an Inception block. */
const paths = (filters: number, last: Layer = relu()): Block => (x) => concat(
  conv("a", filters)(x),
  conv("c", 8)(conv("b", 4)(x)),
  conv("d", 4)(x),
  conv("e", 4, last)(named("pool", maxPool2d({ kernel: 3, stride: 1, padding: 1 }))(x)));
/** What came before, and four channels made of it. */
const dense = (name: string): Block => (x) => {
  const f = named(`${name}.f`, relu())(named(`${name}.bn`, batchNorm())(x));
  return concat(x, named(`${name}.c`, conv2d({ filters: 4, kernel: 3, padding: 1 }))(f));
};
/** A convolution with a normalisation, and one without, into one sum and a relu. */
const normedSum: Block = (x) => {
  const a = named("bn", batchNorm())(named("a", conv2d({ filters: 4, kernel: 3, padding: 1 }))(x));
  return named("out", relu())(add(a, named("b", conv2d({ filters: 4, kernel: 1 }))(x)));
};
/** What came before, and two channels made of its normalisation. */
const normed: Block = (x) => {
  const f = named("relu", relu())(named("bn", batchNorm())(x));
  return concat(named("c", conv2d({ filters: 2, kernel: 3, padding: 1 }))(f), x);
};

test.each<[string, Part, { gone: string[]; left: Record<string, number> }]>([
  ["paths of a relu",
    sequential(
      conv2d({ filters: 4, kernel: 3, stride: 2 }), relu(), paths(4), maxPool2d({ kernel: 2 }), flatten(),
      linear({ units: 10 })),
    { gone: ["activation_forward", "concat_forward", "concat_backward"], left: {} }],
  ["paths, odd channels",
    sequential(
      conv2d({ filters: 3, kernel: 3, stride: 2 }), relu(), paths(5), maxPool2d({ kernel: 2 }), flatten(),
      linear({ units: 10 })),
    { gone: ["activation_forward"], left: { concat_backward: 1 } }],
  ["paths of two activations",
    sequential(conv2d({ filters: 4, kernel: 3, stride: 2 }), elu(), paths(4, gelu()), flatten(), linear({ units: 10 })),
    { gone: [], left: { concat_backward: 1 } }],
  ["a residual",
    sequential(
      conv2d({ filters: 4, kernel: 3, stride: 2 }), relu(),
      (x) => named("out", relu())(add(conv("a", 4, silu())(x), x)),
      adaptiveAvgPool2d({ size: 2 }), flatten(), linear({ units: 10 })),
    { gone: [], left: { add_forward: 1 } }],
  ["batch norm, a residual, relu",
    sequential(
      conv2d({ filters: 4, kernel: 3, stride: 2 }), batchNorm(), relu(), normedSum,
      adaptiveAvgPool2d({ size: 2 }), flatten(), linear({ units: 10 })),
    { gone: ["activation_forward", "add_forward"], left: { batch_norm_column: 2, batch_norm_backward_column: 2 } }],
  ["a dense block",
    sequential(
      conv2d({ filters: 8, kernel: 3, stride: 2 }), batchNorm(), maxPool2d({ kernel: 2 }),
      dense("a"), dense("b"), dense("c"), batchNorm(), relu(), conv2d({ filters: 8, kernel: 1 }), relu(), dropout(),
      maxPool2d({ kernel: 2 }), dropout({ p: 0.2 }), maxPool2d({ kernel: 3, stride: 1, padding: 1 }),
      dropout({ p: 0.1 }), flatten(), linear({ units: 10 })),
    { gone: ["concat_backward", "dropout_forward"], left: { concat_forward: 1, dropout_backward: 2 } }],
  ["batch norm of what is used twice",
    sequential(conv2d({ filters: 6, kernel: 3, stride: 2 }), normed, flatten(), linear({ units: 10 })),
    { gone: ["add_forward", "activation_forward"], left: { concat_backward: 1 } }],
  ["dropout and pools",
    sequential(
      conv2d({ filters: 6, kernel: 5, stride: 2 }), elu({ alpha: 0.5 }), avgPool2d({ kernel: 2 }), relu(),
      maxPool2d({ kernel: 2 }), flatten(), linear({ units: 12 }), relu(), dropout({ p: 0.3 }), linear({ units: 10 })),
    { gone: ["metrics_record"], left: { activation_forward: 1 } }],
])("%s: fused, the same bits", async (_, net, { gone, left }) => {
  const [fused, apart] = [await trained(net, true), await trained(net, false)];
  expect(fused.dispatches).toBeLessThan(apart.dispatches);
  for (const entry of gone) {
    expect(apart.entries).toContain(entry);
    expect(fused.entries).not.toContain(entry);
  }
  for (const [entry, count] of Object.entries(left))
    expect(fused.entries.filter((e) => e === entry), entry).toHaveLength(count);
  expect(fused.weights).toEqual(apart.weights);
  expect(fused.ring).toEqual(apart.ring);
});

test("kernels that differ in what is behind them alone are one text", async () => {
  const block: Block = (x) => named("out", relu())(add(conv("b", 8, batchNorm())(conv("a", 8)(x)), x));
  const { steps } = await trained(sequential(
    conv2d({ filters: 8, kernel: 3, stride: 2 }), relu(), block, block,
    adaptiveAvgPool2d({ size: 1 }), flatten(), linear({ units: 10 })), true);
  const inputs = steps.filter(({ kernel }) => kernel.entry.endsWith("_input_backward"));
  expect(new Set(inputs.map(({ params }) => params.fused))).toEqual(new Set([2, 3]));
  expect(new Set(inputs.map(({ kernel, overrides }) => bake(kernel.code, overrides))).size).toBe(1);
});

test("one layer's output, from a program that ends with it, is what all layers kept apart give", async () => {
  const net = sequential(paths(8), batchNorm(), maxPool2d({ kernel: 2 }), flatten(), linear({ units: 10 }));
  const device = await openTestDevice(), image = data.images.slice(0, 784);
  const session = await Session.open(net, { device, input: [1, 28, 28], batches: [8], data });
  const predictors = new Predictor(session, [1, 28, 28], 64);
  const all = await predictors.activations(image);
  expect(all.length).toBeGreaterThan(12);
  for (const [i, one] of all.entries()) expect(await predictors.activations(image, i), one.path).toEqual([one]);
  expect(await predictors.activations(image, all.length)).toEqual([]);
  predictors.destroy();
  session.destroy();
});
