// Normalisation and augmentation as train() takes them: where they work and where not, and that they repeat to the bit.
import { expect, test } from "vitest";
import { dataset } from "../src/data/dataset.js";
import { augmentation, greysOf, type Augment } from "../src/data/augment.js";
import type { Normalise } from "../src/data/prepare.js";
import {
  OptionError, sgd, ShapeError, sequential, conv2d, flatten, linear, relu, train, type Run, type TrainOptions,
} from "../src/index.js";
import { Session } from "../src/train/session.js";
import { noise } from "./noise.js";
import { gather } from "./reference/batch.js";
import { draw } from "./reference/augment.js";
import { saved } from "./runs.js";
import { expectClose, openTestDevice } from "./support.js";

const images = (n: number, from?: number) => noise(n, [3, 8, 8], 4, from);
const data = images(30), test9 = images(9, 5), normalise = { mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.25] };
const changes = { crop: 2, flip: true, brightness: 0.3, contrast: 0.4, erase: 0.5 }, augment = augmentation(changes);
const net = () => sequential(conv2d({ filters: 4, kernel: 3 }), relu(), flatten(), linear({ units: 4 }));
const open = async (options: Partial<TrainOptions> = {}): Promise<Run> => train(net(), {
  device: await openTestDevice(), data: { train: data, test: test9, name: "", source: "" }, batch: 12, epochs: 2,
  seed: 5, optimizer: sgd({ lr: 0.02, momentum: 0.9 }), normalise, augment, ...options,
});

test("a training step sees what the twin says, resized too, and in two passes the same as in one", async () => {
  for (const [P, Q] of [[8, 8], [8, 11], [11, 8]]) {
    const options = {
      device: await openTestDevice(), input: [3, P, Q], batches: [6], data, normalise, augment, seed: 9,
    };
    const session = await Session.open(net(), { ...options, keep: ({ x }) => [x] });
    const order = Uint32Array.of(29, 3, 0, 17, 3, 8);
    const dim = { N: 6, H: 8, W: 8, C: 3, P, Q, RESIZE: Number(P + Q > 16) };
    const levels = [0, 1, 2].flatMap((c) => [1 / 255 / normalise.std[c], -normalise.mean[c] / normalise.std[c]]);
    const drawn = { N: 6, P, Q, first: 0, ...changes, flip: 2 ** 23, erase: 2 ** 23 };
    for (let step = 0; step < 3; step++) {
      session.step(order);
      const draws = draw(drawn, { step, seed: 9 }, order, greysOf(data));
      const want = gather(dim, data.images, data.labels, order, levels, draws).x;
      expectClose("x", await session.memory.read(session.programs[0].x), want, 64);
    }
    const losses = (await session.fetch()).slice(0, 12);
    session.destroy();
    const parts = await Session.open(net(), { ...options, microBatch: 4 });
    for (let step = 0; step < 3; step++) parts.step(order);
    expectClose("losses", (await parts.fetch()).slice(0, 12), Float64Array.from(losses), 1000);
    parts.destroy();
  }
});

test("evaluation and prediction normalise and do not augment", async () => {
  for (const resize of [undefined, 11]) {
    const run = await open({ resize }), pixels = Uint8Array.from(test9.images), chw = new Uint8Array(pixels.length);
    pixels.forEach((v, i) => {
      const n = Math.floor(i / 192), e = i % 192;
      chw[n * 192 + (e % 3) * 64 + Math.floor(e / 3)] = v;
    });
    const { loss } = await run.evaluate(), predictions = await run.predict(chw);
    const again = await run.evaluate(images(9, 5));
    const logs = predictions.map(({ probabilities }, n) => Math.log(probabilities[test9.labels[n]]));
    const want = -logs.reduce((sum, log) => sum + log, 0) / 9;
    expect(Math.abs(loss / want - 1)).toBeLessThan(1e-5);
    expect(again.loss).toBe(loss);
    run.destroy();
    const raw = await open({ resize, normalise: undefined }), other = await raw.evaluate();
    expect(Math.abs(other.loss / loss - 1), "normalisation matters").toBeGreaterThan(0.001);
    raw.destroy();
  }
});

test("reruns and resumed runs end in the same bits; a run restored with other options is refused", async () => {
  const whole = await saved(await open()), file = await saved(await open(), 2);
  const { mean, std } = normalise, second = await open({ normalise: { std: Float64Array.from(std), mean } as never });
  expect(await saved(await open())).toEqual(whole);
  second.restore(file);
  expect(await saved(second)).toEqual(whole);
  for (const [options, why] of [
    [{ augment: undefined }, new RegExp("augment is crop 2, flip 0.5, brightness 0.3, contrast 0.4, erase 0.5 there "
      + "and none here; train with the same augment")],
    [{ augment: augmentation({ ...changes, flip: 0.4 }) }, /flip 0.5, .+ there and crop 2, flip 0.4/],
    [{ normalise: undefined }, /normalise is 0.4,0.5,0.6\/0.2,0.3,0.25 there and none here/],
  ] satisfies [Partial<TrainOptions>, RegExp][]) {
    const other = await open(options);
    expect(() => other.restore(file)).toThrow(why);
    other.destroy();
  }
});

test("nothing to augment costs nothing; augmentation costs one dispatch", async () => {
  const count = async (options: Partial<TrainOptions>) => {
    const run = await open(options), { length } = run.session.programs[0].steps;
    run.destroy();
    return length;
  };
  const plain = await count({ augment: undefined, normalise: undefined });
  expect(await count({ augment: augmentation({ crop: 0, flip: false }) })).toBe(plain);
  expect(await count({ augment })).toBe(plain + 1);
});

test.each<[unknown, string]>([
  [{ flop: true }, "augment takes { crop, flip, brightness, contrast, erase }, not flop"],
  [{ crop: 8 }, "augment: crop is below the image's 8 pixels, not 8"],
  [{ crop: 1.5 }, "not 1.5"],
  [{ flip: 2 }, "augment: flip is a probability from 0 to 1, not 2"],
  [{ erase: -0.1 }, "augment: erase is a probability"],
  [{ brightness: NaN }, "augment: brightness is a number of at least 0, not NaN"],
  [{ contrast: "much" }, "augment: contrast is a number of at least 0, not much"],
])("augment %j is refused", (options, why) => {
  expect(() => augmentation(options as Augment)?.check([3, 8, 8])).toThrow(OptionError);
  expect(() => augmentation(options as Augment)?.check([3, 8, 8])).toThrow(why);
});

test.each<[Normalise, typeof OptionError | typeof ShapeError, string]>([
  [{ mean: [0.1, 0.2], std: 1 }, ShapeError, "normalise: mean has 2 numbers, and the images have 3 channels"],
  [{ mean: 0, std: [1, 0, 1] }, OptionError, "normalise: std is above 0, for values from 0 to 1, not 0"],
  [{ mean: 0.5 } as Normalise, OptionError, "normalise: std is above 0, for values from 0 to 1, not undefined"],
  [{ mean: NaN, std: 1 }, OptionError, "normalise: mean is a number, for values from 0 to 1, not NaN"],
])("normalise %j is refused", async (options, kind, why) => {
  await expect(open({ normalise: options })).rejects.toThrow(kind);
  await expect(open({ normalise: options })).rejects.toThrow(why);
});

test("contrast wants grey, or red, green and blue; augmentation wants data", async () => {
  expect(() => augmentation({ contrast: 0.1 })!.check([2, 8, 8]))
    .toThrow("contrast is for grey images and for red, green and blue, and these have 2 channels");
  expect(augmentation({ flip: true, brightness: undefined })?.words).toBe("flip 0.5");
  expect(augmentation({ flip: 1, erase: 1 })?.words).toBe("flip 1, erase 1");
  expect(() => augmentation({ crop: 4 })!.check([3, 4, 9])).toThrow("crop is below the image's 4 pixels, not 4");
  const bare = { device: await openTestDevice(), input: [3, 8, 8], batches: [4], augment };
  await expect(Session.open(net(), { ...bare, input: [1, 8, 8], data }))
    .rejects.toThrow("the network takes images of 1 channels, the data has 3");
  await expect(Session.open(net(), bare))
    .rejects.toThrow("augment is what augmentation() gives, for sessions with data");
  await expect(open({ augment: changes as never })).rejects.toThrow("augment is what augmentation() gives");
  const grey = greysOf(dataset({
    images: Uint8Array.of(10, 20, 30, 40, 50, 60), labels: Uint8Array.of(0), shape: [3, 1, 2], classes: ["a"],
  }));
  expect(grey[0]).toBeCloseTo(0.2989 * 15 + 0.587 * 35 + 0.114 * 55, 4);
});
