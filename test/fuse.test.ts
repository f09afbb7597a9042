import { expect, test } from "vitest";
import { lenet } from "../models/index.js";
import { add, conv2d, flatten, linear, named, relu, sequential, sgd, type Part, type Value } from "../src/index.js";
import { dataset } from "../src/data/dataset.js";
import { Session } from "../src/train/session.js";
import { readWeights } from "../src/train/weights.js";
import { openTestDevice } from "./support.js";

const data = dataset({ images: Uint8Array.from({ length: 784 * 16 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24), labels: Uint8Array.from({ length: 16 }, (_, i) => i % 10), shape: [1, 28, 28], classes: [..."0123456789"] });
const order = Uint32Array.from({ length: 8 }, (_, i) => 2 * i);

async function trained(net: Part, fuse: boolean) {
  const session = await Session.open(net, { device: await openTestDevice(), input: [1, 28, 28], batches: [8], data, optimizer: sgd({ lr: 0.05, momentum: 0.9 }), seed: 1, fuse });
  for (let i = 0; i < 3; i++) session.step(order);
  const weights = await readWeights(session.memory, session.network), dispatches = session.programs[0].steps.length;
  session.destroy();
  return { weights, dispatches };
}

test.each(["relu", "sigmoid", "tanh"] as const)("LeNet with %s: fused, the same bits in fewer dispatches", async (activation) => {
  const [fused, apart] = [await trained(lenet({ activation }), true), await trained(lenet({ activation }), false)];
  expect(apart.dispatches - fused.dispatches).toBe(4);
  for (const [name, { data: values }] of apart.weights) expect(fused.weights.get(name)!.data, name).toEqual(values);
});

test("an output that somebody else reads too stays apart", async () => {
  const twice = (x: Value): Value => { const y = named("conv", conv2d({ filters: 4, kernel: 3 }))(x); return add(named("relu", relu())(y), y); };
  const net = sequential(twice, flatten(), linear({ units: 10 }));
  const [fused, apart] = [await trained(net, true), await trained(net, false)];
  expect(fused.dispatches).toBe(apart.dispatches);
  for (const [name, { data: values }] of apart.weights) expect(fused.weights.get(name)!.data, name).toEqual(values);
});
