// A part in several places with the same weights.
import { expect, test } from "vitest";
import {
  add, batchNorm, conv2d, flatten, linear, maxPool2d, named, relu, sequential, sgd, shared, summary, type Part,
} from "../src/index.js";
import { Session } from "../src/train/session.js";
import type { StateDict } from "../src/train/weights.js";
import { noise } from "./noise.js";
import { openTestDevice } from "./support.js";

const data = noise(16, [1, 8, 8]), order = Uint32Array.from({ length: 8 }, (_, i) => 2 * i), lr = 0.5;
const conv = () => conv2d({ filters: 4, kernel: 3, padding: 1 });
/** Three convolutions, and what is made of their sums. */
const net = (a: Part, b: Part, c: Part): Part => sequential(
  conv(), relu(), a, relu(), (x) => add(named("b", b)(x), named("c", c)(x)), maxPool2d({ kernel: 4 }), flatten(),
  linear({ units: 10 }));

async function after(part: Part, from?: StateDict, options: { fuse?: boolean; microBatch?: number } = {}) {
  const session = await Session.open(part, {
    device: await openTestDevice(), input: [1, 8, 8], batches: [8], data, optimizer: sgd({ lr }), seed: 1, ...options,
  });
  if (from) session.load(from);
  const before = await session.weights();
  session.step(order);
  const weights = await session.weights();
  session.destroy();
  return { before, weights };
}

test("a shared part has one set of weights, whose gradient is the sum of its places'", async () => {
  const one = shared(conv()), tied = net(one, one, one), { before, weights } = await after(tied);
  expect([...weights.keys()]).toEqual(["0.weight", "0.bias", "2.weight", "2.bias", "7.weight", "7.bias"]);
  const apart = net(conv(), conv(), conv()), places = ["2", "4.b", "4.c"];
  const copied: StateDict = new Map([
    ...[...before].filter(([name]) => !name.startsWith("2")),
    ...places.flatMap((place) => (["weight", "bias"] as const).map((what) =>
      [`${place}.${what}`, before.get(`2.${what}`)!] as const)),
  ]);
  const single = (await after(apart, copied)).weights;
  for (const what of ["weight", "bias"]) {
    const start = before.get(`2.${what}`)!.data, moved = places.map((place) => single.get(`${place}.${what}`)!.data);
    const want = start.map((v, i) => v + moved.reduce((sum, m) => sum + m[i] - v, 0));
    const got = weights.get(`2.${what}`)!.data;
    expect(Math.max(...got.map((v, i) => Math.abs(v - want[i])))).toBeLessThan(1e-6);
    expect(Math.max(...got.map((v, i) => Math.abs(v - start[i])))).toBeGreaterThan(1e-3);
  }
  for (const name of ["0.weight", "7.weight"]) {
    const [got, want] = [weights, single].map((w) => w.get(name)!.data);
    expect(Math.max(...got.map((v, i) => Math.abs(v - want[i])))).toBeLessThan(1e-6);
  }
});

test("fused or not, in parts or not, it learns the same; a batch norm in it has one set of statistics", async () => {
  const one = shared(sequential(conv(), batchNorm())), tied = net(one, one, one);
  const [fused, apart] = [await after(tied), await after(tied, undefined, { fuse: false })];
  expect(apart.weights).toEqual(fused.weights);
  expect([...fused.weights.keys()].filter((name) => name.startsWith("2.")).sort()).toEqual([
    "2.0.bias", "2.0.weight", "2.1.bias", "2.1.running_mean", "2.1.running_var", "2.1.weight",
  ]);
  const plain = shared(conv()), parts = net(plain, plain, plain);
  const whole = (await after(parts)).weights, halves = (await after(parts, undefined, { microBatch: 4 })).weights;
  for (const [name, { data: got }] of halves)
    expect(Math.max(...got.map((v, i) => Math.abs(v - whole.get(name)!.data[i]))), name).toBeLessThan(1e-6);
});

test("its weights are counted once; what is not shared may not have one name twice", () => {
  const step = shared(sequential(conv(), relu())), of = (...parts: Part[]) =>
    summary(sequential(conv(), ...parts, flatten(), linear({ units: 2 })), { input: [1, 4, 4], batch: 1 }).parameters;
  expect(of(step, step, step)).toBe(of(step));
  const twice: Part = (x) => add(named("a", conv())(x), named("a", conv())(x));
  expect(() => of(twice)).toThrow(/two parameters are called 1\.a\.weight.*shared\(block\)/);
});
