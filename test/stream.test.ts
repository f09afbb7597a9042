// A data set that does not lie on the GPU streams, and nothing else changes.
import { expect, test, vi } from "vitest";
import { augmentation } from "../src/data/index.js";
import {
  batchNorm, conv2d, flatten, LimitError, linear, OutOfMemoryError, relu, sequential, sgd, train,
  type Run, type TrainOptions,
} from "../src/index.js";
import type { Device } from "../src/gpu/device.js";
import { Memory } from "../src/gpu/memory.js";
import { noise } from "./noise.js";
import { openTestDevice } from "./support.js";

const images = (n: number, from?: number) => noise(n, [3, 5, 5], 4, from);
// neither images nor batches end with a word
const split = { train: images(61), test: images(33, 5), name: "", source: "" };
const net = () => sequential(conv2d({ filters: 4, kernel: 3 }), batchNorm(), relu(), flatten(), linear({ units: 4 }));
const open = async (options: Partial<TrainOptions> = {}): Promise<Run> => train(net(), {
  device: await openTestDevice(), data: split, batch: 13, epochs: 2, seed: 3,
  optimizer: sgd({ lr: 0.05, momentum: 0.9 }), ...options,
});

interface Ended { file: Uint8Array; losses: number[]; test: unknown; each: number[]; bytes: number }
async function end(run: Run): Promise<Ended> {
  const losses: number[] = [];
  let test: unknown;
  for await (const e of run) { losses.push(...e.losses); test = e.test ?? test; }
  const file = await run.save(), each = [...await run.test!.probabilities()];
  const all = { file, losses, test, each, bytes: run.session.memory.bytes };
  run.destroy();
  return all;
}

/** The same device, which binds no more than `binding` bytes. */
async function narrow(binding: number): Promise<Device> {
  const device = await openTestDevice(), adapter = { ...device.adapter, limits: { ...device.adapter.limits, binding } };
  return new Proxy(device, { get: (of, name) => {
    const value: unknown = name === "adapter" ? adapter : Reflect.get(of, name, of);
    return typeof value === "function" ? value.bind(of) as unknown : value;
  } });
}

test.each<[string, Partial<TrainOptions>]>([
  ["as they are", {}],
  ["augmented, resized, normalised", {
    augment: augmentation({ crop: 2, flip: true, contrast: 0.5, erase: 0.3 }),
    resize: 7, normalise: { mean: [0.4, 0.5, 0.6], std: 0.2 },
  }],
  ["in parts of a batch", { microBatch: 5, augment: augmentation({ contrast: 0.5 }) }],
])("weights, losses and evaluation are the same streamed and resident, %s", async (_, options) => {
  const { bytes: all, ...resident } = await end(await open({ ...options, resident: true }));
  const { bytes, ...streamed } = await end(await open({ ...options, resident: false }));
  expect(streamed).toEqual(resident);
  expect(streamed.losses).toHaveLength(10);
  expect(bytes, "memory").toBeLessThan(all);
});

test("images that exceed one binding stream by themselves, train and test each", async () => {
  const data = { ...split, train: images(201) }, { file } = await end(await open({ data }));
  const device = await narrow(12_000), run = await open({ data, device });  // 201 × 75 bytes do not fit, 33 × 75 do
  const own = [...run.session.plan.places.keys()].filter((t) => t.name.startsWith("images of"));
  const kept = own.map((t) => [t.name, 4 * t.size]);
  expect(kept).toEqual([["images of the training set", 976], ["images of the test set", 2476]]);
  expect((await end(run)).file).toEqual(file);
  await expect(open({ data, device, resident: true })).rejects.toThrow(
    /images of the training set \[3769\] takes 15,076 bytes; this device binds at most 12,000/);
  await expect(open({ data, device, batch: 170 })).rejects.toThrow(LimitError);
  await expect(open({ data, device, batch: 170 })).rejects.toThrow(
    "a batch of 170 images [3, 5, 5] takes 12,750 bytes; this device binds at most 12,000; "
      + "the largest batch that fits is 160");
});

test("images that the adapter has no room for stream; who wants them resident hears of it", async () => {
  const { file } = await end(await open());
  const full = () => vi.spyOn(Memory.prototype, "grow").mockRejectedValueOnce(new OutOfMemoryError("full"));
  full();
  const run = await open();
  expect(run.session.resident).toBe(false);
  expect((await end(run)).file).toEqual(file);
  full();
  await expect(open({ resident: true })).rejects.toThrow("full");
  vi.restoreAllMocks();
  const { grow } = Memory.prototype;
  vi.spyOn(Memory.prototype, "grow")
    .mockImplementationOnce(function (this: Memory, layout) { return grow.call(this, layout); })
    .mockRejectedValueOnce(new OutOfMemoryError("full"));
  const tight = await open();
  const streamed = [...tight.session.plan.places.keys()].find((t) => t.name === "images of the test set")!;
  expect([tight.session.resident, streamed.size]).toEqual([undefined, 244]);
  expect((await end(tight)).file).toEqual(file);
  vi.restoreAllMocks();
});
