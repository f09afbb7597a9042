import { describe, expect, test } from "vitest";
import { lenet } from "../models/index.js";
import { dataset } from "../src/data/dataset.js";
import { sha256 } from "../src/data/idx.js";
import { sgd, summary, train, type Progress } from "../src/index.js";
import { Session } from "../src/train/session.js";
import { readWeights } from "../src/train/weights.js";
import { openTestDevice } from "./support.js";

const pixels = (n: number) => Uint8Array.from({ length: 784 * n }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24);
const images = (n: number) => dataset({ images: pixels(n), labels: Uint8Array.from({ length: n }, (_, i) => (i * 7) % 10), shape: [1, 28, 28], classes: [..."0123456789"] });
const order = (n: number, from = 0) => Uint32Array.from({ length: n }, (_, i) => from + i);
const net = () => lenet({ activation: "relu" });

/** Counts what a device is asked for while f runs. */
async function counted(gpu: GPUDevice, f: () => void | Promise<void>): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}, undo: (() => void)[] = [];
  const count = (name: string, by = 1) => { counts[name] = (counts[name] ?? 0) + by; };
  const wrap = (on: object, name: string, before: (...args: never[]) => void) => {
    const object = on as Record<string, (...args: never[]) => unknown>, original = object[name];
    object[name] = function (this: unknown, ...args: never[]) { before(...args); return original.apply(this, args); };
    undo.push(() => { object[name] = original; });
  };
  const prototype = Object.getPrototypeOf(gpu) as object;
  for (const name of Object.getOwnPropertyNames(prototype).filter((n) => n.startsWith("create"))) wrap(prototype, name, () => count(name));
  const queue = Object.getPrototypeOf(gpu.queue) as object;
  wrap(queue, "submit", () => count("submit"));
  wrap(queue, "writeBuffer", (...[buffer, , data, , size]: [GPUBuffer, number, ArrayBuffer, number, number | undefined]) => count("bytes", size ?? (data ?? buffer).byteLength));
  const encoder = Object.getPrototypeOf(gpu.createCommandEncoder()) as object;
  wrap(encoder, "beginComputePass", () => count("passes"));
  wrap(encoder, "copyBufferToBuffer", () => count("copies"));
  const pass = gpu.createCommandEncoder().beginComputePass();
  for (const [name, what] of [["dispatchWorkgroups", "dispatches"], ["setBindGroup", "groups"]]) wrap(Object.getPrototypeOf(pass) as object, name, () => count(what));
  delete counts.createCommandEncoder;
  const buffer = gpu.createBuffer({ size: 4, usage: 8 });
  wrap(Object.getPrototypeOf(buffer) as object, "mapAsync", () => count("maps"));
  for (const name of Object.keys(counts)) delete counts[name];
  try { await f(); } finally { for (const restore of undo) restore(); }
  return counts;
}

test("a step of LeNet is one submit, one pass, and makes nothing", async () => {
  const device = await openTestDevice(), batch = 64;
  const session = await Session.open(net(), { device, input: [1, 28, 28], batches: [batch, 6], data: images(70), optimizer: sgd({ lr: 0.01, momentum: 0.9 }) });
  for (const size of [batch, 6]) {
    session.step(order(size));
    const { bytes, dispatches, groups, ...others } = await counted(device.gpu, () => { session.step(order(size)); });
    expect(others).toEqual({ createCommandEncoder: 1, submit: 1, passes: 1 });
    expect(dispatches).toBeLessThanOrEqual(40);
    expect(groups).toBe(dispatches);
    expect(bytes).toBeLessThanOrEqual(4 * batch + 256);
  }
  const { bound, slots } = session.memoryUse;
  expect(slots / bound).toBeLessThanOrEqual(1.45);
  const { memory, dispatches } = summary(net(), { input: [1, 28, 28], batch, adapter: device.adapter });
  expect(memory.activations.slots / memory.activations.bound).toBeLessThanOrEqual(1.45);
  expect(dispatches).toBe((await counted(device.gpu, () => { session.step(order(batch)); })).dispatches);
  session.destroy();
});

test("a run reads its losses back now and then, in a step's own submit", async () => {
  const device = await openTestDevice(), data = images(256), progress: Progress[] = [];
  const run = await train(net(), { device, data, batch: 8, epochs: 1, optimizer: sgd({ lr: 0.01 }) });
  const counts = await counted(device.gpu, async () => { for await (const e of run) progress.push(e); });
  expect(counts).toMatchObject({ submit: 32, passes: 32, createCommandEncoder: 32 });
  expect(Object.keys(counts).filter((name) => name.startsWith("create"))).toEqual(["createCommandEncoder"]);
  expect(counts.maps).toBe(progress.length);
  expect(progress.flatMap((e) => e.losses)).toHaveLength(32);
  run.destroy();
});

test("the same seed gives the same bits, another seed others", async () => {
  const device = await openTestDevice(), data = images(200);
  const weights = async (seed: number) => {
    const run = await train(net(), { device, data, batch: 16, epochs: 4, optimizer: sgd({ lr: 0.01, momentum: 0.9 }), seed });
    for await (const _ of run);
    expect(run.session.steps).toBe(52);
    const hash = await sha256(await run.save());
    run.destroy();
    return hash;
  };
  const [a, b, c] = [await weights(1), await weights(1), await weights(2)];
  expect(b).toBe(a);
  expect(c).not.toBe(a);
});

test("the last, smaller batch trains as a batch of its own size", async () => {
  const device = await openTestDevice(), input = [1, 28, 28], data = images(21), options = { device, input, optimizer: sgd({ lr: 0.05, momentum: 0.9 }), seed: 3 };
  const mixed = await Session.open(net(), { ...options, batches: [16, 5], data });
  const alone = await Session.open(net(), { ...options, batches: [5], data });
  for (const session of [mixed, alone]) session.step(order(5, 16));
  const [got, want] = [await readWeights(mixed.memory, mixed.network), await readWeights(alone.memory, alone.network)];
  for (const [name, { data: values }] of want) expect(got.get(name)!.data, name).toEqual(values);
  mixed.step(order(16));  // and the state it leaves is good for a batch of the usual size
  const ring = await mixed.fetch();
  expect([ring[2], ring[6]]).toEqual([5, 16]);
  expect(Number.isFinite(ring[4])).toBe(true);
  for (const session of [mixed, alone]) session.destroy();
});

describe("a run can be held", () => {
  test("pause, step, resume, stop", async () => {
    const device = await openTestDevice(), run = await train(net(), { device, data: { train: images(64), test: images(10), name: "", source: "" }, batch: 8, epochs: 2, optimizer: sgd({ lr: 0.01 }) });
    const seen: Progress[] = [];
    run.pause();
    const loop = (async () => { for await (const e of run) seen.push(e); })();
    await run.step();
    expect([run.session.steps, seen.length]).toEqual([1, 1]);
    await Promise.all([run.step(), run.step()]);
    expect(run.session.steps).toBe(3);
    expect(seen.at(-1)).toMatchObject({ epoch: 1, step: 3, steps: 8, epochEnd: false });
    run.resume();
    await loop;
    expect(run.session.steps).toBe(16);
    expect(seen.filter((e) => e.epochEnd).map((e) => [e.epoch, e.step, e.test?.images])).toEqual([[1, 8, 10], [2, 8, 10]]);
    expect(seen.flatMap((e) => e.losses)).toHaveLength(16);
    run.destroy();
  });

  test("stop keeps what was learned, and iterating again goes on", async () => {
    const device = await openTestDevice(), run = await train(net(), { device, data: images(64), batch: 8, epochs: 1, optimizer: sgd({ lr: 0.01 }) });
    run.pause();
    const loop = (async () => { for await (const _ of run); })();
    await run.step();
    run.stop();
    await loop;
    expect(run.session.steps).toBe(1);
    run.resume();
    for await (const _ of run);
    expect(run.session.steps).toBe(8);
    const [{ label, probabilities }] = await run.predict(pixels(1));
    expect(probabilities.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    expect(label).toBe(probabilities.indexOf(Math.max(...probabilities)));
    expect((await run.activations(pixels(1))).map((a) => a.shape.join())).toContain("1,16,5,5");
    run.destroy();
  });
});
