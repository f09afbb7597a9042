// A batch in parts: the gradients of one batch up to rounding, in the memory of a part, in one submit;
// and the same bits after a resume.
import { describe, expect, test } from "vitest";
import { lenet, resnet } from "../models/index.js";
import {
  adam, clipNorm, conv2d, crossEntropy, dropout, flatten, linear, meanSquaredError, relu, sequential, sgd, summary,
  train, type Run, type TrainOptions,
} from "../src/index.js";
import { Session } from "../src/train/session.js";
import type { SessionOptions } from "../src/train/sessionOptions.js";
import { readWeights } from "../src/train/weights.js";
import { readGradients } from "./runs.js";
import { counted } from "./counted.js";
import { noise, order } from "./noise.js";
import { saved } from "./runs.js";
import { openTestDevice } from "./support.js";

const images = (n: number) => noise(n, [1, 28, 28]);
const net = lenet({ activation: "relu" });
const open = async (options: Partial<SessionOptions>) => Session.open(net, {
  device: await openTestDevice(), input: [1, 28, 28], batches: [21, 10], data: images(31),
  optimizer: sgd({ lr: 0.05, momentum: 0.9, weightDecay: 1e-3 }), clip: clipNorm(0.5), seed: 3, ...options,
});

/** ‖got − want‖ ÷ ‖want‖. */
function difference(got: ArrayLike<number>, want: ArrayLike<number>): number {
  const norm = (of: number[]) => Math.sqrt(of.reduce((sum, v) => sum + v * v, 0));
  return norm(Array.from(want, (v, i) => got[i] - v)) / norm(Array.from(want));
}

describe.each([[8], [7], [20]])("21 images, at most %i at once", (microBatch) => {
  test("give the gradients, weights and losses of one batch", async () => {
    const whole = await open({}), parts = await open({ microBatch });
    for (const indices of [order(21), order(10, 21)]) {
      const [want, got] = await Promise.all([whole, parts].map((s) => s.step(indices, 0.05, true)));
      const row = 4 * (whole.steps - 1), [loss, ...counts] = want!.subarray(row, row + 4);
      expect([...got!.subarray(row + 1, row + 4)]).toEqual(counts);
      expect(Math.abs(got![row] / loss - 1)).toBeLessThan(1e-5);
      const wanted = await readGradients(whole.memory, whole.network);
      for (const [name, { data }] of await readGradients(parts.memory, parts.network))
        expect(difference(data, wanted.get(name)!.data), name).toBeLessThan(1e-4);
    }
    const wanted = await readWeights(whole.memory, whole.network);
    for (const [name, { data }] of await readWeights(parts.memory, parts.network))
      expect(difference(data, wanted.get(name)!.data), name).toBeLessThan(1e-5);
    const steps = parts.programs.map((p) => p.steps.map((s) => s.kernel.entry));
    expect(steps.map((of) => of.filter((e) => e === "accumulate_add").length))
      .toEqual([Math.ceil(21 / microBatch) - 1, Math.ceil(10 / microBatch) - 1]);
    expect(steps.map((of) => of.filter((e) => /^sgd|^clip_norm/.test(e))))
      .toEqual([["clip_norm", "sgd_momentum"], ["clip_norm", "sgd_momentum"]]);
    for (const s of [whole, parts]) s.destroy();
  });
});

test("mean squared error, too", async () => {
  const whole = await open({ loss: meanSquaredError() });
  const parts = await open({ loss: meanSquaredError(), microBatch: 6 });
  for (const s of [whole, parts]) void s.step(order(21));
  const wanted = await readGradients(whole.memory, whole.network);
  for (const [name, { data }] of await readGradients(parts.memory, parts.network))
    expect(difference(data, wanted.get(name)!.data), name).toBeLessThan(1e-4);
  for (const s of [whole, parts]) s.destroy();
});

test.each([
  meanSquaredError(), crossEntropy({ labelSmoothing: 0.2 }),
])("$name: a step's row is of all its images, by one kernel or two, in one part or several", async (loss) => {
  const tiny = sequential(flatten(), linear({ units: 10 })), device = await openTestDevice();
  for (const n of [21, 300]) {
    const ways = [{}, { fuse: false }, { microBatch: n - 8 }, { microBatch: n - 8, fuse: false }];
    const rows = await Promise.all(ways.map(async (way) => {
      const data = images(n), input = [1, 28, 28];
      const session = await Session.open(tiny, { device, input, batches: [n], data, loss, ...way });
      const row = (await session.step(order(n), 0, true))!.slice(0, 4);
      session.destroy();
      return row;
    }));
    for (const [sum, ...counts] of rows) {
      expect(counts).toEqual([rows[0][1], n, 0]);
      expect(Math.abs(sum / rows[1][0] - 1)).toBeLessThan(1e-5);
    }
  }
});

test("a step is one submit and one pass, in the memory of a part", async () => {
  const device = await openTestDevice();
  const small = await open({ batches: [8, 7] }), parts = await open({ batches: [31], microBatch: 8 });
  // parts of 8 images and one of 7 share slots as steps of 8 and of 7 do, to the byte
  expect(parts.memoryUse.slots).toBe(small.memoryUse.slots);
  expect(parts.memoryUse.bound).toBe(small.memoryUse.bound);
  expect(await counted(device.gpu, () => { void parts.step(order(31)); })).toMatchObject({ submit: 1, passes: 1 });
  for (const s of [small, parts]) s.destroy();
});

test("summary() plans a batch in parts: only the second arena of gradients is added", () => {
  const options = { input: [1, 96, 96], batch: 256 };
  const found = summary(resnet(18)(), { ...options, microBatch: 32 });
  const part = summary(resnet(18)(), { ...options, batch: 32 }), whole = summary(resnet(18)(), options);
  expect(found.memory).toEqual({
    ...part.memory, gradients: 2 * part.memory.gradients,
    activations: { ...part.memory.activations, sum: found.memory.activations.sum },
  });
  expect(found.memory.activations.slots).toBeLessThan(whole.memory.activations.slots / 7);
  expect(found.dispatches).toBe(8 * (part.dispatches - 1) + 7 + 1);
});

test("each part draws numbers of its own", async () => {
  const session = await Session.open(sequential(dropout(), flatten(), linear({ units: 10 }), dropout()), {
    device: await openTestDevice(), input: [1, 28, 28], batches: [6], microBatch: 2, data: images(6),
  });
  const drops = session.programs[0].steps.filter((s) => s.kernel.entry === "dropout_forward");
  const streams = drops.map((s) => s.params.stream);
  expect(new Set(streams).size).toBe(6);
  const backs = session.programs[0].steps.filter((s) => s.kernel.entry === "dropout_backward");
  expect(backs.map((s) => s.params.stream)).toEqual(streams.filter((_, i) => i % 2));  // of the last layer
  session.destroy();
});

test("stopped, saved and restored, a run in parts ends in the same bits", async () => {
  const tiny = sequential(
    conv2d({ filters: 4, kernel: 5, stride: 4 }), relu(), flatten(), dropout({ p: 0.3 }), linear({ units: 10 }));
  const begin = async (options: Partial<TrainOptions> = {}): Promise<Run> => train(tiny, {
    device: await openTestDevice(), data: images(31), batch: 12, microBatch: 5, epochs: 3, seed: 5,
    optimizer: adam({ lr: 0.01 }), ...options,
  });
  const file = await saved(await begin(), 5), second = await begin(), other = await begin({ microBatch: 6 });
  second.restore(file);
  expect(await saved(second)).toEqual(await saved(await begin()));
  expect(() => other.restore(file)).toThrow(
    "batch is 12 in parts of 5 there and 12 in parts of 6 here; train with the same batch");
  other.destroy();
});

test("what makes no sense is refused", async () => {
  await expect(open({ microBatch: 0 })).rejects.toThrow("microBatch is an integer of at least 1, not 0");
  await expect(open({ microBatch: 4, data: undefined })).rejects.toThrow("microBatch is for sessions with data");
  const session = await open({ microBatch: 100 });
  expect(session.micro).toBe(21);
  session.destroy();
});
