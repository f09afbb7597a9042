import { describe, expect, test } from "vitest";
import { lenet } from "../models/index.js";
import { sha256 } from "../src/data/idx.js";
import { flatten, linear, sequential, sgd, summary, train, type Progress } from "../src/index.js";
import { Session } from "../src/train/session.js";
import { readWeights } from "../src/train/weights.js";
import { counted } from "./counted.js";
import { bytes, noise, order } from "./noise.js";
import { saved } from "./runs.js";
import { openTestDevice } from "./support.js";

const images = (n: number) => noise(n, [1, 28, 28]);
const net = () => lenet({ activation: "relu" });

test("a step of LeNet is one submit, one pass, and makes nothing", async () => {
  const device = await openTestDevice(), batch = 64;
  const session = await Session.open(net(), {
    device, input: [1, 28, 28], batches: [batch, 6], data: images(70), optimizer: sgd({ lr: 0.01, momentum: 0.9 }),
  });
  for (const size of [batch, 6]) {
    session.step(order(size));
    const counts = await counted(device.gpu, () => { session.step(order(size)); });
    const { bytes: written, dispatches, groups, ...others } = counts;
    expect(others).toEqual({ createCommandEncoder: 1, submit: 1, passes: 1 });
    expect(dispatches).toBeLessThanOrEqual(40);
    expect(groups).toBe(dispatches);
    expect(written).toBeLessThanOrEqual(4 * batch + 256);
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

test("loss and accuracy of an epoch are the means over all its images, however late its losses arrive", async () => {
  const device = await openTestDevice(), data = noise(600, [1, 4, 4]);
  const tiny = sequential(flatten(), linear({ units: 10 }));
  const open = () => train(tiny, { device, data, batch: 2, epochs: 2, optimizer: sgd({ lr: 0 }) });
  const usual = await open(), late = await open(), { session } = late, step = session.step.bind(session);
  session.step = (...of) => {
    const rows = step(...of);
    return session.steps < 80 ? rows?.then((v) => new Promise((resolve) => { setTimeout(resolve, 500, v); })) : rows;
  };
  const want = await usual.evaluate(data), losses: number[] = [];
  for (const run of [usual, late]) {
    for await (const e of run) {
      losses.push(...e.losses);
      if (!e.epochEnd) continue;
      expect(e.accuracy).toBe(want.accuracy);
      expect(Math.abs(e.loss / want.loss - 1)).toBeLessThan(1e-5);
    }
    run.destroy();
  }
  expect(losses).toHaveLength(1200);
  expect(losses.slice(600)).toEqual(losses.slice(0, 600));
});

test("the same seed gives the same bits, another seed others", async () => {
  const device = await openTestDevice(), data = images(200);
  const weights = async (seed: number) => {
    const optimizer = sgd({ lr: 0.01, momentum: 0.9 });
    const run = await train(net(), { device, data, batch: 16, epochs: 4, optimizer, seed });
    const file = await saved(run);
    expect(run.session.steps).toBe(52);
    return sha256(file);
  };
  const [a, b, c] = [await weights(1), await weights(1), await weights(2)];
  expect(b).toBe(a);
  expect(c).not.toBe(a);
});

test("the last, smaller batch trains as a batch of its own size", async () => {
  const device = await openTestDevice(), data = images(21);
  const options = { device, input: [1, 28, 28], optimizer: sgd({ lr: 0.05, momentum: 0.9 }), seed: 3 };
  const mixed = await Session.open(net(), { ...options, batches: [16, 5], data });
  const alone = await Session.open(net(), { ...options, batches: [5], data });
  for (const session of [mixed, alone]) session.step(order(5, 16));
  expect(await readWeights(mixed.memory, mixed.network)).toEqual(await readWeights(alone.memory, alone.network));
  mixed.step(order(16));  // and the state it leaves is good for a batch of the usual size
  const ring = await mixed.fetch();
  expect([ring[2], ring[6]]).toEqual([5, 16]);
  expect(Number.isFinite(ring[4])).toBe(true);
  for (const session of [mixed, alone]) session.destroy();
});

test.each([{}, { resident: false }, { microBatch: 6 }])("the usual batch need not be the largest: %o", async (more) => {
  const device = await openTestDevice(), data = images(21);
  const open = (batches: number[]) => Session.open(net(), { device, input: [1, 28, 28], batches, data, ...more });
  const sessions = [await open([5, 16]), await open([16, 5])];
  for (const session of sessions) for (const indices of [order(5), order(16, 5)]) session.step(indices);
  const [got, want] = await Promise.all(sessions.map(({ memory, network }) => readWeights(memory, network)));
  expect(got).toEqual(want);
  for (const session of sessions) session.destroy();
});

describe("a run can be held", () => {
  test("pause, step, resume, stop", async () => {
    const data = { train: images(64), test: images(10), name: "", source: "" }, run = await train(net(), {
      device: await openTestDevice(), data, batch: 8, epochs: 2, optimizer: sgd({ lr: 0.01 }),
    });
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
    expect(seen.filter((e) => e.epochEnd).map((e) => [e.epoch, e.step, e.test?.images]))
      .toEqual([[1, 8, 10], [2, 8, 10]]);
    expect(seen.flatMap((e) => e.losses)).toHaveLength(16);
    run.destroy();
  });

  test("stop keeps what was learned, and iterating again goes on", async () => {
    const run = await train(net(), {
      device: await openTestDevice(), data: images(64), batch: 8, epochs: 1, optimizer: sgd({ lr: 0.01 }),
    });
    run.pause();
    const loop = (async () => { for await (const _ of run); })();
    await run.step();
    run.stop();
    await loop;
    expect(run.session.steps).toBe(1);
    run.resume();
    for await (const _ of run);
    expect(run.session.steps).toBe(8);
    const [{ label, probabilities }] = await run.predict(bytes(784));
    expect(probabilities.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    expect(label).toBe(probabilities.indexOf(Math.max(...probabilities)));
    expect((await run.activations(bytes(784))).map((a) => a.shape.join())).toContain("1,16,5,5");
    run.destroy();
  });
});
