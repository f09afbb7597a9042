// What a run outlives and what it does not: destroying, calls at the same time, stops before the start, lost devices.
// And what it is asked wrongly.
import { expect, test, vi } from "vitest";
import {
  conv2d, flatten, linear, meanSquaredError, relu, sequential, sgd, train, type TrainOptions,
} from "../src/index.js";
import { tensor } from "../src/gpu/recorder.js";
import { openDevice } from "../src/node/device.js";
import { noise } from "./noise.js";
import { openTestDevice } from "./support.js";

const toy = (n: number, classes = 4, side = 12) => noise(n, [1, side, side], classes);
const net = sequential(conv2d({ filters: 8, kernel: 3, padding: 1 }), relu(), flatten(), linear({ units: 4 }));
const open = async (options: Partial<TrainOptions> = {}) => train(net, {
  device: await openTestDevice(), data: { train: toy(64), test: toy(50), name: "toy", source: "" },
  batch: 16, epochs: 2, optimizer: sgd({ lr: 0.01 }), ...options,
});
const says = async (f: () => unknown) => { try { await f(); return "nothing"; } catch (e) { return String(e); } };
const image = toy(1).images;

test("a run that is destroyed while it trains ends, and others on the device go on", async () => {
  for (const wait of [0, 5, 20, 60]) {
    const run = await open({ epochs: 1000 }), done = run.finish(), asked = says(() => run.predict(image));
    await new Promise((resolve) => setTimeout(resolve, wait));
    run.destroy();
    await done;
    expect(await asked).toMatch(/^nothing|this was destroyed/);
    for (const f of [
      () => run.predict(image), () => run.weights(), () => run.evaluate(),
      () => run.activations(image), () => run.save(),
    ]) expect(await says(f)).toMatch(/OptionError: this was destroyed; make another/);
    expect(await says(() => run.finish())).toBe("nothing");
  }
  const other = await open();
  expect((await other.finish())!.epoch).toBe(2);
  other.destroy();
});

test("first calls at the same time wait for each other", async () => {
  const run = await open(), twice = await open();
  const [a, b, c, d] = await Promise.all([
    run.evaluate(toy(30)), run.predict(image), run.activations(image), run.evaluate(toy(40)),
  ]);
  expect([a.images, b.length, c.length, d.images]).toEqual([30, 1, 4, 40]);
  expect([await twice.evaluate(toy(30)), await twice.predict(image)]).toEqual([a, b]);
  expect(await Promise.all([run.finish(), run.predict(image), run.evaluate(toy(40))]))
    .toMatchObject([{ epoch: 2 }, [{}], { images: 40 }]);
  run.destroy();
  twice.destroy();
});

test("evaluating a data set leaves nothing behind", async () => {
  const run = await open(), sizes: number[] = [];
  for (let i = 0; i < 3; i++) { await run.evaluate(toy(500)); sizes.push(run.session.memory.bytes); }
  await run.predict(image);
  for (let i = 0; i < 2; i++) { await run.evaluate(toy(500)); sizes.push(run.session.memory.bytes - sizes[0]); }
  expect(sizes[1]).toBe(sizes[0]);
  expect(sizes[4]).toBe(sizes[3]);
  expect(await run.evaluate()).toMatchObject({ images: 50 });
  run.destroy();
});

test("a run that is destroyed has freed every buffer that was made for it", async () => {
  const device = await openTestDevice(), made = new Set<GPUBuffer>(), { gpu } = device;
  const create = gpu.createBuffer.bind(gpu);
  const spy = vi.spyOn(gpu, "createBuffer").mockImplementation((as) => {
    const buffer = create(as), destroy = buffer.destroy.bind(buffer);
    made.add(buffer);
    buffer.destroy = () => { made.delete(buffer); destroy(); };
    return buffer;
  });
  const run = await open(), batch = run.session.batches[0], left = () => [...made].map(({ label }) => label).sort();
  await run.finish();
  await run.predict(image);
  await run.activations(image);
  await run.evaluate(toy(30));
  await run.save();
  const before = left(), { bytes } = run.session.memory, [{ program: { steps: [step] } }] = run.session.ready;
  const kernel = { ...step.kernel, code: "no shader" };
  const add = (size: number, some = {}) => run.session.add([
    { label: "more", batch, steps: [{ ...step, tensors: { ...step.tensors, x: tensor("new", [size]) }, ...some }] },
  ], [], () => 0);
  for (const added of [await add(1e6), await add(2e6)]) added.undo();  // the first is counted on until the second goes
  await expect(add(1e6, { kernel })).rejects.toThrow();
  expect([left(), run.session.memory.bytes]).toEqual([before, bytes]);
  await expect(run.session.choose({ "maxPool2d": "plain" })).resolves.toBe(undefined);
  expect(left()).toEqual(before);
  run.destroy();
  await device.gpu.queue.onSubmittedWorkDone();
  expect(left()).toEqual([]);
  spy.mockRestore();
});

test("stop() before the first turn counts; a run is iterated once at a time; step() has an end", async () => {
  const run = await open();
  run.stop();
  expect(await run.finish()).toBeUndefined();
  const [first, second] = await Promise.allSettled([run.finish(), run.finish()]);
  expect(first).toMatchObject({ status: "fulfilled", value: { epoch: 2 } });
  expect(String((second as PromiseRejectedResult).reason)).toMatch(/iterated already/);
  expect(run.history).toHaveLength(2);
  await run.step();
  run.stop();  // what has ended is not stopped in advance
  run.destroy();
});

test("a paused run hears of its lost device; what others do wrong on it is told once", async () => {
  const device = await openDevice(), run = await open({ device }), paused = await open({ device });
  device.gpu.createBuffer({ size: 4, usage: 0 });
  await device.gpu.queue.onSubmittedWorkDone();
  expect(await says(() => run.finish())).toMatch(/WebGPU refused a command.*what else uses this device/s);
  expect(await says(() => run.finish())).toBe("nothing");
  paused.pause();
  const waiting = says(() => paused.finish());
  await new Promise((resolve) => setTimeout(resolve, 20));
  device.destroy();
  expect(await waiting).toMatch(/the device was destroyed/);
});

test("images and labels that do not fit are told so, by every way in", async () => {
  const run = await open(), as = (value: unknown) => says(() => run.predict(value as Uint8Array));
  expect(await run.predict(Uint8ClampedArray.from(image))).toEqual(await run.predict(image));
  for (const wrong of [[...image], image.buffer, undefined, Float64Array.from(image)])
    expect(await as(wrong)).toMatch(/FormatError: images are bytes/);
  expect(await as(image.subarray(1))).toMatch(/143 numbers are no whole number of images of \[1, 12, 12\]/);
  for (const wrong of [image.subarray(44), toy(2).images, new Uint8Array(0)])
    expect(await says(() => run.activations(wrong))).toMatch(/ShapeError.*are not one image of \[1, 12, 12\]/);
  expect(await as(new Float32Array(288).fill(NaN, 144)))
    .toMatch(/NonFiniteError.*output for image 1 is NaN or infinite/);
  expect(await says(() => run.evaluate(toy(50, 9)))).toMatch(/label 7 of image 1 is out of range/);
  expect(await says(() => run.evaluate(toy(5, 4, 10))))
    .toMatch(/the test images are \[1,10,10\], those of the training \[1,12,12\]/);
  expect(await says(() => open({ data: { train: toy(9), test: toy(9, 4, 10), name: "", source: "" } })))
    .toMatch(/the test images are \[1,10,10\]/);
  const weights = await run.weights(), [[name, { shape, data }]] = weights;
  const doubles = new Map<string, unknown>([...weights, [name, { shape, data: Float64Array.from(data) }]]);
  for (const wrong of [{}, new Uint8Array(8), doubles])
    expect(await says(() => run.load(wrong as never))).toMatch(/FormatError: weights are a Map/);
  run.load(new Map([...weights].map(([name, w]) => [name, { ...w, data: w.data.map(() => NaN) }])));
  expect(await says(() => run.evaluate())).toMatch(/NonFiniteError.*is NaN or infinite for \d+ of/);
  run.destroy();
});

test("under the squared error predictions are the answers themselves", async () => {
  const run = await open({ loss: meanSquaredError() }), [{ probabilities, label }] = await run.predict(image);
  const logits = (await run.activations(image, 3))[0].data;
  expect([...probabilities]).toEqual([...logits]);
  expect(label).toBe(logits.indexOf(Math.max(...logits)));
  run.destroy();
});
