import { expect, test, vi } from "vitest";
import { create } from "webgpu";
import { lenet } from "../models/index.js";
import {
  batchNorm, conv2d, dropout, flatten, linear, maxPool2d, relu, sequential, sgd, train, type Block,
} from "../src/index.js";
import { openDevice } from "../src/node/device.js";
import { noise } from "./noise.js";

vi.mock("webgpu", async (original) => {
  const dawn = await original<typeof import("webgpu")>();
  return { ...dawn, create: vi.fn(dawn.create) };
});
const data = noise(80, [1, 28, 28]);

async function learned(net: Block, robust: boolean) {
  const device = await openDevice({ robust }), losses: number[] = [], [[...asked]] = vi.mocked(create).mock.lastCall!;
  try {
    expect(asked.includes("enable-dawn-features=disable_robustness")).toBe(!robust);
    const optimizer = sgd({ lr: 0.1, momentum: 0.9 });
    const run = await train(net, { device, data, batch: 32, epochs: 2, seed: 3, optimizer });
    for await (const progress of run) losses.push(...progress.losses);
    return { losses, evaluation: await run.evaluate(data), weights: await run.weights() };
  } finally { device.destroy(); }
}

test.each<[string, () => Block]>([
  ["LeNet", () => lenet()],
  ["strides, batch norm, overlapping pools, dropout", () => sequential(
    conv2d({ filters: 8, kernel: 3, stride: 2 }), batchNorm(), relu(),
    maxPool2d({ kernel: 3, stride: 1, padding: 1 }), conv2d({ filters: 12, kernel: 1, stride: 2 }), relu(),
    dropout({ p: 0.3 }), flatten(), linear({ units: 10 }))],
])("%s learns the same bits where nothing keeps indices inside their arrays", { timeout: 120_000 }, async (_, net) => {
  const bare = await learned(net(), false);
  expect(bare.losses).toHaveLength(6);
  expect(bare.losses.every(Number.isFinite)).toBe(true);
  expect(bare).toEqual(await learned(net(), true));
});
