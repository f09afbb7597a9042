// Networks that nobody draws and somebody has: what an adversary found against PyTorch.
// Fused and unfused they are the same bits.
import { expect, test } from "vitest";
import {
  add, batchNorm, concat, conv2d, dropout, elu, flatten, forward, linear, named, relu, sequential, sgd, sigmoid, silu,
  softplus, tanh, type Block, type Part,
} from "../src/index.js";
import type { Dataset } from "../src/data/index.js";
import { Inference } from "../src/train/inference.js";
import { Session } from "../src/train/session.js";
import type { SessionOptions } from "../src/train/sessionOptions.js";
import { readWeights } from "../src/train/weights.js";
import { noise, order } from "./noise.js";
import { openTestDevice } from "./support.js";

/** Weights after some steps, and what the network then makes of its images. */
async function trained(
  net: Part, { n, input, ...options }: Partial<SessionOptions> & { n: number; input: Dataset["shape"] }, steps = 3,
) {
  const data = noise(n, input, 3), session = await Session.open(net, {
    device: await openTestDevice(), input, batches: [n], data, optimizer: sgd({ lr: 0.1 }), ...options,
  });
  for (let i = 0; i < steps; i++) session.step(order(n));
  const weights = await readWeights(session.memory, session.network), predictor = await Inference.open(session, n);
  const logits = await predictor.logits(Float32Array.from(data.images, (byte) => byte / 255));
  weights.set("logits", { shape: [n], data: logits });
  for (const [name, { data }] of weights) expect(data.every(Number.isFinite), name).toBe(true);
  predictor.destroy();
  session.destroy();
  return weights;
}

const head = (x: Parameters<Block>[0], ...parts: Part[]) =>
  sequential(flatten(), linear({ units: 16 }), ...parts, linear({ units: 3 }))(x);
const twice: Block = (x) => {
  const s = add(x, named("t", tanh())(x));
  return named("out", sequential(flatten(), linear({ units: 3 })))(add(s, s));
};
/** y and what a convolution, and others around it, make of y; y comes out of a convolution too. */
const beside = (before: Part[], after: Part[]): Block => (x) => {
  const y = named("y", conv2d({ filters: 4, kernel: 1 }))(x);
  const path = named("path", sequential(...before, conv2d({ filters: 4, kernel: 1 }), ...after))(y);
  return named("out", sequential(flatten(), linear({ units: 3 })))(add(path, y));
};
/** Sums of a convolution's output, which is read again later, and of a sum's relu. */
const later: Block = (x) => {
  const [y, v] = ["y", "v"].map((name) => named(name, conv2d({ filters: 4, kernel: 1 }))(x));
  const [s, t, u] = [sigmoid(), tanh(), silu()].map((f) => named(f.name, f)(v));
  const sum = add(named("relu", relu())(add(s, t)), u);
  return named("out", sequential(flatten(), linear({ units: 3 })))(add(add(y, sum), named("elu", elu())(y)));
};
const split: Block = (x) => {
  const [a, b] = [1, 0.5].map((alpha) => named(`elu${alpha}`, elu({ alpha }))(x));
  return named("out", sequential(flatten(), linear({ units: 3 })))(concat(a, b));
};
const six: Block = (x) => {
  const others = [tanh(), sigmoid(), elu(), silu(), softplus()].map((f) => named(f.name, f)(x));
  return named("out", sequential(flatten(), linear({ units: 3 })))(others.reduce((sum, v) => add(sum, v), x));
};
test.each<[string, Part]>([
  ["a sum behind a relu", beside([], [relu()])],
  ["a sum behind a dropout", beside([], [dropout()])],
  ["a gradient's sum behind a slope", beside([relu()], [])],
  ["a sum of six", six],
  ["sums of what is read later, and of a sum's relu", later],
  ["slopes of two alphas", sequential(
    ...[0.5, 2].flatMap((alpha) => [conv2d({ filters: 8, kernel: 1 }), elu({ alpha })]),
    conv2d({ filters: 8, kernel: 1 }), flatten(), linear({ units: 3 }))],
  ["a normalisation behind a flatten", sequential(
    conv2d({ filters: 4, kernel: 1 }), flatten(), batchNorm(), linear({ units: 3 }))],
  ["side by side, two curves of one kind", (x) => sequential(conv2d({ filters: 4, kernel: 1 }), split)(x)],
  ["tanh behind a dropout", (x) => head(x, dropout(), tanh())],
  ["sigmoid behind a dropout", (x) => head(x, dropout(), sigmoid())],
  ["a dropout behind a sigmoid", (x) => head(x, sigmoid(), dropout())],
  ["elu behind a dropout, and a softplus that ends early", (x) =>
    head(x, dropout(), elu(), tanh(), linear({ units: 8 }), softplus({ beta: 3, threshold: 1 }))],
  ["relu in front of a dropout and behind one", (x) => head(x, relu(), dropout(), relu())],
  ["a dropout behind a dropout", sequential(flatten(), dropout(), dropout({ p: 0.2 }), linear({ units: 3 }))],
  ["dropouts around a flatten", sequential(dropout(), flatten(), dropout({ p: 0.2 }), linear({ units: 3 }))],
  ["a sum added to itself", twice],
])("%s: fused and unfused the same bits", async (_, net) => {
  const options = { n: 8, input: [2, 3, 3] as const };
  expect(await trained(net, options)).toEqual(await trained(net, { ...options, fuse: false }));
});

test.each<[string, Part, readonly [number, number, number]]>([
  ["a stride past the width", sequential(
    conv2d({ filters: 4, kernel: 1 }), conv2d({ filters: 4, kernel: 1, stride: 2 }), flatten(), linear({ units: 3 }),
  ), [2, 1, 1]],
])("%s: gradients are those of the plain kernels", async (_, net, input) => {
  const direct = await trained(net, { n: 32, input }, 1);
  const plain = await trained(net, { n: 32, input, rung: "plain" }, 1);
  for (const [name, { data }] of plain) {
    const most = Math.max(...data.map(Math.abs), 1e-3);
    const off = Math.max(...data.map((v, i) => Math.abs(v - direct.get(name)!.data[i])));
    expect(off / most, name).toBeLessThan(2e-3);
  }
});

test("tensors of fewer than four numbers are bound as all others", async () => {
  const device = await openTestDevice();
  for (const [C, H] of [[1, 1], [2, 1], [3, 1]] as const) for (const rung of [undefined, "plain", "tiled"]) {
    const net = sequential(
      conv2d({ filters: 1, kernel: 1 }), sigmoid(), conv2d({ filters: 16, kernel: 1 }), relu(), flatten(),
      linear({ units: 1 }), sigmoid(), linear({ units: 8 }),
    );
    const x = { shape: [1, C, H, H], data: Float32Array.from({ length: C * H * H }, (_, i) => i) };
    const { data } = await forward(net, { device, x, rung } as never);
    expect(data).toHaveLength(8);
    expect(data.every(Number.isFinite)).toBe(true);
  }
});

test("an output that something else reads, whose result nobody wants, is still the output", async () => {
  const device = await openTestDevice();
  const x = { shape: [2, 1, 2, 2], data: Float32Array.from({ length: 8 }, (_, i) => i - 3) };
  const plain: Block = (x) => sequential(flatten(), linear({ units: 3 }))(x);
  const read: Block = (x) => {
    const y = plain(x);
    named("unused", relu())(y);
    return y;
  };
  const summed: Block = (x) => {
    const y = plain(x);
    add(y, named("unused", linear({ units: 3 }))(named("r", relu())(y)));
    return y;
  };
  const want = await forward(plain, { device, x });
  const got = await forward(read, { device, x }), too = await forward(summed, { device, x });
  expect(got.data).toEqual(want.data);
  expect(too.data).toEqual(want.data);
  expect(want.data.some((v) => v !== 0)).toBe(true);
});

test("a running variance that forgets all but the last has the last", async () => {
  const net = sequential(
    flatten(), linear({ units: 3, bias: false }), batchNorm({ momentum: 1 }), linear({ units: 3 }));
  const init = (size: number) => new Float32Array(size).map((_, i) => 1e-5 * (i % 5));
  const { data } = (await trained(net, { n: 8, input: [1, 4, 4], init }, 1)).get("2.running_var")!;
  for (const v of data) expect(v).toBeGreaterThan(0);
});
