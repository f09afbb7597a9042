// Options: every name that there is, and what is said of slips.
import { expect, test } from "vitest";
import { augmentation } from "../src/data/augment.js";
import { dataset } from "../src/data/dataset.js";
import { levelsOf } from "../src/data/prepare.js";
import { Graph } from "../src/graph.js";
import {
  adam, adamw, adaptiveAvgPool2d, add, avgPool2d, batchNorm, clipNorm, concat, conv2d, cosine, crossEntropy,
  depthwiseConv2d, dropout, elu, exponential, flatten, forward, gelu, leakyRelu, linear, localResponseNorm, maxPool2d,
  oneCycle, reduceOnPlateau, relu, rmsprop, sequential, Session, sgd, softplus, stepDecay, summary, torchDefault, train,
  type AdamOptions, type AdaptiveAvgPool2dOptions, type AvgPool2dOptions, type BatchNormOptions, type Conv2dOptions,
  type CosineOptions, type CrossEntropyOptions, type DepthwiseConv2dOptions, type DropoutOptions, type EluOptions,
  type GeluOptions, type LeakyReluOptions, type LinearOptions, type LocalResponseNormOptions, type MaxPool2dOptions,
  type OneCycleOptions, type PlateauOptions, type RmspropOptions, type SgdOptions, type SoftplusOptions,
  type StepDecayOptions, type SummaryOptions, type TrainOptions,
} from "../src/index.js";
import { profile } from "../src/profile/profile.js";
import { tune } from "../src/tune/tune.js";
import { openTestDevice } from "./support.js";

/** A function with a value for each of its options: the compiler sees to it that none is missing. */
const full = <T extends object>(f: (options: T) => unknown, options: Required<T>) =>
  ({ name: f.name, f: f as (options: unknown) => unknown, options });
const all = [
  full<Conv2dOptions>(conv2d, {
    filters: 2, kernel: 1, stride: 1, padding: [0, 1], dilation: 1, groups: 1, bias: true, init: torchDefault,
    requiresGrad: true,
  }),
  full<LinearOptions>(linear, { units: 2, bias: true, init: torchDefault, requiresGrad: true }),
  full<MaxPool2dOptions>(maxPool2d, { kernel: 2, stride: 2, padding: 0, ceilMode: true, dilation: 1 }),
  full<AvgPool2dOptions>(avgPool2d, { kernel: [2, 3], stride: 2, padding: 0, ceilMode: true, countIncludePad: true }),
  full<AdaptiveAvgPool2dOptions>(adaptiveAvgPool2d, { size: 1 }),
  full<BatchNormOptions>(batchNorm, { eps: 1e-5, momentum: 0.1, requiresGrad: true }),
  full<LocalResponseNormOptions>(localResponseNorm, { size: 5, alpha: 1e-4, beta: 0.75, k: 1 }),
  full<DropoutOptions>(dropout, { p: 0.5 }),
  full<LeakyReluOptions>(leakyRelu, { negativeSlope: 0.01 }),
  full<EluOptions>(elu, { alpha: 1 }),
  full<GeluOptions>(gelu, { approximate: "tanh" }),
  full<SoftplusOptions>(softplus, { beta: 1, threshold: 20 }),
  full<SgdOptions>(sgd, { lr: 0.1, momentum: 0.9, dampening: 0, weightDecay: 0, nesterov: true }),
  full<RmspropOptions>(rmsprop, { lr: 0.1, alpha: 0.99, eps: 1e-8, weightDecay: 0, momentum: 0, centered: true }),
  full<AdamOptions>(adam, { lr: 0.1, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0 }),
  full<AdamOptions>(adamw, { lr: 0.1, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0 }),
  full<DepthwiseConv2dOptions>(depthwiseConv2d, {
    kernel: 3, stride: 1, padding: 1, dilation: 1, bias: true, init: torchDefault, requiresGrad: true,
  }),
  full<CrossEntropyOptions>(crossEntropy, { labelSmoothing: 0.1 }),
  full<StepDecayOptions>(stepDecay, { every: 2, gamma: 0.1 }),
  full<{ gamma: number }>(exponential, { gamma: 0.9 }),
  full<CosineOptions>(cosine, { warmup: 0.1, minimum: 0.01 }),
  full<OneCycleOptions>(oneCycle, { peak: 1, warmup: 0.3, divFactor: 25, finalDivFactor: 1e4 }),
  full<PlateauOptions>(reduceOnPlateau, { factor: 0.1, patience: 10, minimum: 0, threshold: 1e-4 }),
];

const said = (f: () => unknown): string => {
  try { f(); return "nothing"; } catch (e) { return `${(e as { code?: string }).code}: ${(e as Error).message}`; }
};

test.each(all)("$name takes its options and no others, by name", ({ name, f, options }) => {
  const takes = `option: ${name} takes { `;
  expect(said(() => f(options))).toBe("nothing");
  expect(said(() => f({ ...options, sharpness: 2 }))).toMatch(/^.+ \}, not sharpness$/);
  for (const option of Object.keys(options))
    expect(said(() => f({ ...options, sharpness: 2 })).slice(takes.length)).toMatch(new RegExp(`\\b${option}\\b`));
  for (const slip of [0.3, "2", null]) expect(said(() => f(slip))).toMatch(new RegExp(`^${takes}.+ \\}, not ${slip}$`));
});

const set = { images: new Uint8Array(8), labels: new Uint8Array(2), shape: [1, 2, 2], classes: ["a"] };
test.each<[string, () => unknown, string]>([
  ["no options", () => (conv2d as () => unknown)(), "option: conv2d takes "
    + "{ filters, groups, kernel, stride, padding, dilation, bias, init, requiresGrad }, not undefined"],
  ["no learning rate", () => sgd({} as SgdOptions), "option: lr is a number of at least 0, not undefined"],
  ["Nesterov's momentum, dampened", () => sgd({ lr: 1, momentum: 0.9, dampening: 0.1, nesterov: true }),
    "option: nesterov needs a momentum above 0 and no dampening"],
  ["dampening below 0, which PyTorch takes", () => sgd({ lr: 1, momentum: 0.9, dampening: -0.1 }), "nothing"],
  ["more smoothing than all", () => crossEntropy({ labelSmoothing: 1.5 }),
    "option: labelSmoothing is a number from 0 to 1, not 1.5"],
  ["as many means as there are no channels", () => levelsOf({ mean: [1, 2, 3], std: 1 }, 1, 255),
    "shape: normalise: mean has 3 numbers, and the images have 1 channels"],
  ["no window", () => maxPool2d({} as MaxPool2dOptions), "option: kernel is an integer of at least 1, not undefined"],
  ["half a pair", () => maxPool2d({ kernel: [2] as unknown as [number, number] }),
    "option: kernel is an integer of at least 1, not undefined"],
  ["nothing to put side by side", () => concat(), "option: concat takes at least one value"],
  ["a layer to put side by side", () => concat(new Graph().input("x", [1, 2]), relu() as never),
    "option: concat takes the values that layers give; argument 2 is not one"],
  ["nothing to add", () => add(new Graph().input("x", [1, 2]), undefined as never),
    "option: add takes the values that layers give; argument 2 is not one"],
  ["no shape", () => dataset({ ...set, shape: undefined as never }),
    "option: the shape of an image is [C, H, W], three whole numbers from 1, got undefined"],
  ["no input", () => summary(relu(), { batch: 2 } as SummaryOptions),
    "option: an input is [channels, height, width], not undefined"],
  ["no changes of images", () => (augmentation as () => unknown)(),
    "option: augment takes { crop, flip, brightness, contrast, erase }, not undefined"],
  ["a number of classes", () => dataset({ ...set, shape: [1, 2, 2], classes: 10 as never }),
    'option: classes are names, ["cat", "dog"], 1 to 256 of them, for a label is one byte; got number'],
  ["no classes", () => dataset({ ...set, shape: [1, 2, 2], classes: undefined as never }),
    'option: classes are names, ["cat", "dog"], 1 to 256 of them, for a label is one byte; got undefined'],
])("%s", (_, f, want) => expect(said(f)).toBe(want));

test("train() tells what it is given amiss", async () => {
  const device = await openTestDevice(), net = sequential(flatten(), linear({ units: 2 })), data = dataset({
    images: new Uint8Array(64).map((_, i) => 3 * i), labels: new Uint8Array(4), shape: [1, 4, 4], classes: ["a"],
  });
  const options: Required<Omit<TrainOptions, "augment">> = {
    device, data, resize: 4, batch: 2, microBatch: 2, epochs: 1, optimizer: sgd({ lr: 0.1 }), loss: crossEntropy(),
    clip: clipNorm(1), freeze: () => false, seed: 1, init: torchDefault, tune: false, schedule: () => 1,
    earlyStopping: { patience: 1 }, keepBest: true, onProgress() {}, onEpochEnd() {},
    normalise: { mean: [0.5], std: [0.5] }, resident: true,
  };
  const says = async (change: object) => {
    try { (await train(net, { ...options, ...change } as TrainOptions)).destroy(); } catch (e) { return String(e); }
    return "nothing";
  };
  expect(await says({})).toBe("nothing");
  for (const name of ["batchSize", "learningRate", "lr"]) {
    const want = new RegExp(`^OptionError: train\\(\\) takes \\{ device, data, .* \\}, not ${name}$`);
    expect(await says({ [name]: 1 })).toMatch(want);
  }
  for (const [name, values] of Object.entries({
    device: [undefined, Promise.resolve(device), device.gpu],
    data: [undefined, Promise.resolve(data), new Uint8Array(9), {}],
    optimizer: ["adam", sgd], loss: ["mse", crossEntropy], clip: [1], freeze: [["0.weight"]], schedule: [{}],
  })) {
    const want = new RegExp(`^OptionError: ${name} is (what|a data set|a function)`);
    for (const value of values) expect(await says({ [name]: value }), `${name}: ${String(value)}`).toMatch(want);
  }
  expect(await says({ data: { train: data } })).toBe("nothing");
  expect(await says({ data: { train: data, test: { ...data, size: 0 } } })).toBe("nothing");
  expect(await says({ data: { ...data, size: 0 } })).toBe("OptionError: the training set is empty");
  for (const seed of [2 ** 32, -1, 0.5])
    expect(await says({ seed })).toBe(`OptionError: seed is an integer from 0 to 2³² − 1, not ${seed}`);
  expect(await says({ seed: 2 ** 32 - 1 })).toBe("nothing");
  await expect(train(net, undefined as never)).rejects.toThrow(/^train\(\) takes \{ .* \}, not undefined$/);
});

test("what runs, tells or measures a network knows its options, too", async () => {
  const device = await openTestDevice(), net = sequential(flatten(), linear({ units: 2 })), input = [1, 1, 1];
  const session = await Session.open(net, { device, input, batches: [2] });
  const calls: ((more: object) => unknown)[] = [
    (more) => summary(net, { input, batch: 2, ...more }),
    (more) => forward(net, { device, x: { shape: [2, ...input], data: [1, 2] }, ...more }),
    (more) => tune(net, { device, input, batch: 2, known: () => true, ...more }),
    (more) => profile(session, { rounds: 1, clock: "wall clock", ...more }),
  ];
  for (const call of calls) {
    await call({});
    await expect((async () => call({ odd: 2 }))()).rejects.toThrow(/^\w+\(\) takes \{ .+ \}, not odd$/);
  }
  session.destroy();
});
