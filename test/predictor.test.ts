// A trained network that answers: as the run it comes from, in less memory, on weights of its own.
import { expect, test } from "vitest";
import { Device } from "../src/gpu/device.js";
import {
  batchNorm, conv2d, dropout, flatten, forward, freeze, linear, maxPool2d, predictor, relu, sequential, stateDict,
  Session, train, type Run, type TrainOptions,
} from "../src/index.js";
import { noise } from "./noise.js";
import { openTestDevice } from "./support.js";

const data = noise(20, [1, 10, 10], 4), input = [1, 10, 10] as const, normalise = { mean: 0.4, std: 0.3 };
const net = sequential(
  conv2d({ filters: 6, kernel: 3 }), batchNorm(), relu(), maxPool2d({ kernel: 2 }), dropout({ p: 0.5 }), flatten(),
  linear({ units: 4 }),
);
const open = async (options: Partial<TrainOptions> = {}): Promise<Run> =>
  train(net, { device: await openTestDevice(), data, batch: 8, epochs: 1, seed: 3, normalise, ...options });

test("it answers as the run does, after the run is gone, whatever the batch", async () => {
  const run = await open(), device = await openTestDevice();
  await run.finish();
  const want = await run.predict(data.images), inside = await run.activations(data.images.subarray(0, 100));
  const weights = stateDict(await run.save());
  run.destroy();
  for (const batch of [8, 3, undefined]) {
    const own = await predictor(net, { device, input, weights, normalise, ...batch && { batch } });
    const [got, again] = await Promise.all([own.predict(data.images), own.predict(data.images.subarray(0, 100))]);
    expect(got.map(({ label }) => label)).toEqual(want.map(({ label }) => label));
    got.forEach(({ probabilities }, i) => probabilities.forEach((p, k) =>
      expect(p, `image ${i}, class ${k}`).toBeCloseTo(want[i].probabilities[k], 5)));
    expect(again).toEqual([got[0]]);
    const logits = await own.logits(data.images), rows = got.map((_, i) => logits.subarray(4 * i, 4 * i + 4));
    expect(rows.map((row) => row.indexOf(Math.max(...row)))).toEqual(got.map(({ label }) => label));
    expect((await own.activations(data.images.subarray(0, 100))).map(({ path, shape }) => [path, shape]))
      .toEqual(inside.map(({ path, shape }) => [path, shape]));
    own.destroy();
  }
});

test("resized, from bytes or numbers, and with other weights from the next call on", async () => {
  const run = await open({ resize: 14, normalise: undefined }), device = await openTestDevice();
  const before = stateDict(await run.save()), first = await run.predict(data.images);
  await run.finish();
  const after = stateDict(await run.save()), second = await run.predict(data.images);
  const own = await predictor(net, { device, input, weights: before, resize: 14, batch: 8 });
  expect(await own.predict(data.images)).toEqual(first);
  expect(await own.predict(Float32Array.from(data.images, (byte) => byte / 255))).toEqual(first);
  expect(own.load(after).missing).toEqual([]);
  expect(await own.predict(data.images)).toEqual(second);
  expect(second).not.toEqual(first);
  own.destroy();
  await expect(own.predict(data.images)).rejects.toThrow();
  run.destroy();
});

test("it holds weights and what one batch takes; where so many do not fit, fewer run at once", async () => {
  const { gpu, adapter, rest } = await openTestDevice(), run = await open();
  const weights = stateDict(await run.save()), want = await run.predict(data.images);
  const tight = (binding: number) => new Device(gpu, { ...adapter, limits: { ...adapter.limits, binding } }, rest);
  const own = await predictor(net, { device: tight(2 ** 14), input, weights, normalise });
  expect(own.batch).toBe(8);  // of 64: in 16,384 bytes; an image is [8, 8, 6] behind the convolution
  expect((await own.predict(data.images)).map(({ label }) => label)).toEqual(want.map(({ label }) => label));
  const [bytes, all] = [own.home, run.session].map(({ plan }) => plan.buffers.reduce((a, b) => a + b, 0));
  expect(bytes).toBeLessThan(all / 2);
  own.destroy();
  await expect(predictor(net, { device: tight(1024), input, weights })).rejects.toThrow(/binds at most 1,024/);
  run.destroy();
});

test("a data set's images are N·H·W·C, and it is predicted as they lie there", async () => {
  const device = await openTestDevice(), rgb = noise(6, [3, 4, 5], 4), { shape: [C, H, W] } = rgb;
  const net = sequential(conv2d({ filters: 4, kernel: 3 }), flatten(), linear({ units: 4 }));
  const run = await train(net, { device, data: rgb, batch: 6, epochs: 1 });
  const own = await predictor(net, { device, input: rgb.shape, weights: stateDict(await run.save()) });
  const nchw = Uint8Array.from({ length: rgb.images.length }, (_, i) => {
    const w = i % W, h = Math.floor(i / W) % H, c = Math.floor(i / W / H) % C, n = Math.floor(i / W / H / C);
    return rgb.images[((n * H + h) * W + w) * C + c];
  });
  for (const one of [own, run]) expect(await one.predict(rgb)).toEqual(await one.predict(nchw));
  expect(await run.predict(rgb)).not.toEqual(await run.predict(rgb.images));
  await expect(own.predict({ ...rgb, shape: [3, 5, 4] })).rejects.toThrow("images of [3,5,4] instead of [3,4,5]");
  for (const one of [own, run]) one.destroy();
});

test("what is wrong is told, and frozen networks answer, too", async () => {
  const device = await openTestDevice(), run = await open(), weights = stateDict(await run.save());
  run.destroy();
  const says = (options: object) => predictor(net, { device, input, weights, ...options } as never).then(
    (made) => { made.destroy(); return "nothing"; }, (e: unknown) => String(e));
  expect(await says({})).toBe("nothing");
  expect(await says({ size: 3 })).toMatch(/^OptionError: predictor\(\) takes \{ device, .+ \}, not size$/);
  expect(await says({ weights: new Map() })).toMatch(/^FormatError: the state is of another network: it lacks/);
  expect(await says({ weights: undefined })).toMatch(/^FormatError: weights are a Map/);
  expect(await says({ input: [10, 10] })).toMatch(/^OptionError: an input is \[channels, height, width\]/);
  expect(await says({ resize: 0 })).toMatch(/^OptionError: an input is \[channels, height, width\], not \[1,0,0\]/);
  expect(await says({ batch: 0 })).toBe("OptionError: batch is an integer of at least 1, not 0");
  expect(await says({ normalise: { mean: 0, std: 0 } })).toMatch(/^OptionError: normalise: std is above 0/);
  const image = Float32Array.from(data.images.subarray(0, 100), (byte) => byte / 255);
  const x = { shape: [1, ...input], data: image };
  const own = await predictor(freeze(net), { device, input, weights });
  const { data: want } = await forward(net, { device, x, weights });
  (await own.logits(image)).forEach((v, i) => expect(v).toBeCloseTo(want[i], 5));
  own.destroy();
});

test("a session driven by hand takes weights and gives them, for a predictor", async () => {
  const device = await openTestDevice(), small = sequential(flatten(), linear({ units: 4 }));
  const open = (seed: number) => Session.open(small, { device, input, batches: [2], seed });
  const one = await open(1), other = await open(2), start = await one.weights(), step = (session: Session) => {
    session.feed(Float32Array.from(data.images.subarray(0, 200), (byte) => byte / 255), Uint32Array.of(0, 3));
    session.step(new Uint32Array(2), 0.5);
  };
  expect(await other.weights()).not.toEqual(start);
  expect(other.load(start)).toMatchObject({ loaded: ["1.weight", "1.bias"], missing: [] });
  step(one);
  step(other);
  const weights = await other.weights();
  expect(weights).toEqual(await one.weights());
  expect(weights).not.toEqual(start);
  const own = await predictor(small, { device, input, weights });
  expect((await own.predict(data.images.subarray(0, 200))).map(({ label }) => label)).toEqual([0, 3]);
  for (const of of [one, other, own]) of.destroy();
});
