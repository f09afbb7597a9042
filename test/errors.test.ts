import { expect, test } from "vitest";
import { families, lenet } from "../models/index.js";
import { dataset } from "../src/data/dataset.js";
import {
  batchNorm, concat, conv2d, flatten, linear, maxPool2d, openDevice as openInBrowser, relu, sequential, Session, sgd,
  summary, train, type Part,
} from "../src/index.js";
import { fashionMnist, openDevice } from "../src/node/index.js";
import { joined } from "./joined.js";
import { openTestDevice } from "./support.js";

// What people get wrong, and what they are told: the place, the numbers, a way out.
const set = (n: number, labels = new Uint8Array(n)) =>
  dataset({ images: new Uint8Array(784 * n), labels, shape: [1, 28, 28], classes: [..."0123456789"] });
const says = async (promise: Promise<unknown>) =>
  promise.then(() => "nothing", (e: Error & { code?: string }) => `${e.code}: ${e.message}`);
const shown = (f: () => unknown) => says(new Promise((resolve) => { resolve(f()); }));
const on28 = (...parts: Part[]) => summary(sequential(...parts), { input: [1, 28, 28], batch: 2 });

test.each([
  ["a filter larger than its input",
    () => on28(conv2d({ filters: 4, kernel: 5 }), relu(), conv2d({ filters: 4, kernel: 30 })),
    "shape: 2 (conv2d): a 30×30 window does not fit [1, 4, 24, 24] padded by 0×0; "
    + "use a larger input, a smaller kernel or more padding"],
  ["a window larger than its input", () => on28(maxPool2d({ kernel: 40 })),
    "shape: 0 (maxPool2d): a 40×40 window does not fit [1, 1, 28, 28] padded by 0×0; "
    + "use a larger input or a smaller kernel"],
  ["a window wider than its input", () => on28(maxPool2d({ kernel: [1, 40] })),
    "shape: 0 (maxPool2d): a 1×40 window does not fit [1, 1, 28, 28] padded by 0×0; "
    + "use a larger input or a smaller kernel"],
  ["linear without flatten", () => on28(linear({ units: 10 })),
    "shape: 0 (linear): expected [N, features], got [1, 1, 28, 28]; put a flatten() before it"],
  ["conv2d after flatten", () => on28(flatten(), conv2d({ filters: 1, kernel: 1 })),
    "shape: 1 (conv2d): expected [N, C, H, W], got [1, 784]; a flatten or linear layer before this one is too early"],
  ["groups that do not divide", () => conv2d({ filters: 6, kernel: 1, groups: 4 }),
    "option: 6 filters do not divide into 4 groups"],
  ["half a filter", () => conv2d({ filters: 6.5, kernel: 1 }), "option: filters is an integer of at least 1, not 6.5"],
  ["padding of a pool", () => maxPool2d({ kernel: 2, padding: 2 }),
    "option: padding 2×2 is more than half the 2×2 window"],
  ["padding of a pool, of one axis", () => maxPool2d({ kernel: [4, 2], padding: [1, 2] }),
    "option: padding 1×2 is more than half the 4×2 window"],
  ["a learning rate that is none", () => sgd({ lr: NaN }), "option: lr is a number of at least 0, not NaN"],
  ["no flatten before the loss", () => on28(conv2d({ filters: 10, kernel: 28 })),
    "shape: crossEntropy expects [N, classes], but the network gives [N, C, H, W]; end it with flatten()"],
  ["labels out of range", () => set(2, Uint8Array.of(3, 12)),
    /^format: label 12 at index 1, but 10 classes are labelled 0 to 9/],
  ["a weight that passes the limit",
    () => summary(families.vgg11(), { input: [1, 224, 224], batch: 8, limit: 2 ** 27 }),
    "limit: 6.weight [25088, 4096] takes 411,041,792 bytes; "
    + "this device binds at most 134,217,728, 33,554,432 weights, whatever the batch; "
    + "it fits with 1,337 units instead of 4,096, with an input of 159 × 159 instead of 224 × 224, "
    + "or on an adapter that binds more"],
  ["a value without a name that passes the limit",
    () => summary((x) => sequential(flatten(), linear({ units: 9 }))(concat(x, x)),
      { input: [1, 28, 28], batch: 1e5, limit: 2 ** 27 }),
    /^limit: concat\.y \[100000, 28, 28, 2\] takes [\d,]+ bytes/],
  ["a batch that passes the limit", () => summary(lenet(), { input: [1, 28, 28], batch: 1e5, limit: 2 ** 27 }),
    /^limit: .* takes [\d,]+ bytes; this device binds at most 134,217,728$/],
] as const)("%s", async (_, f, want) => {
  const got = await shown(f);
  if (typeof want === "string") expect(got).toBe(want); else expect(got).toMatch(want);
});

test("what a layer says is told with its place, and keeps its numbers and its cause", () => {
  const f = () => on28(conv2d({ filters: 4, kernel: [29, 1] }));
  expect(f).toThrow(expect.objectContaining({
    details: { got: [1, 28, 28, 1], kernel: [29, 1] },
    cause: expect.objectContaining({ message: expect.stringMatching(/^a 29×1 window does not fit/) }),
  }));
});

test("a batch that passes the adapter's limit names the largest that fits", async () => {
  const device = await openDevice({ limits: "default" });
  const wide = sequential(conv2d({ filters: 64, kernel: 3, padding: 1 }), relu(), flatten(), linear({ units: 10 }));
  const got = await says(train(wide, { device, data: set(1000), batch: 1000 }));
  device.destroy();
  expect(got).toMatch(joined(
    /^limit: [01]\.y \[1000, 28, 28, 64\] takes 200,704,000 bytes; this device binds at most 134,217,728; /,
    /the largest batch that fits is 668; microBatch takes a larger one in parts$/));
});

test("more classes in the data than outputs in the network", async () => {
  const device = await openTestDevice();
  const few = train(lenet({ classes: 3 }), { device, data: set(8, Uint8Array.of(0, 1, 2, 0, 5, 0, 0, 0)), batch: 8 });
  expect(await says(few)).toBe(
    "shape: label 5 of image 4 is out of range: the network has 3 outputs; end it with linear({ units: 10 })");
});

test("a step that is fed other than its batch", async () => {
  const device = await openTestDevice();
  const session = await Session.open(lenet(), { device, input: [1, 28, 28], batches: [4] });
  const feed = (images: number, ...labels: number[]) =>
    shown(() => session.feed(new Float32Array(784 * images), Uint32Array.from(labels)));
  expect(await feed(4, 1, 2, 3, 9)).toBe("nothing");
  expect(await feed(3, 1, 2, 3)).toBe("option: this session steps in batches of 4, not 3");
  expect(await feed(3, 1, 2, 3, 4)).toMatch(/^shape: 2352 numbers are not 4 images of \[1,28,28\], a Float32Array/);
  expect(await feed(4, 1, 2, 10, 4)).toBe(
    "shape: label 10 of image 2 is out of range: the network has 10 outputs; end it with linear({ units: 11 })");
  const chosen = await Session.open(lenet(), { device, input: [1, 28, 28], batches: [4], data: set(9) });
  expect(await shown(() => void chosen.step(Uint32Array.of(0, 8, 7, 9)))).toBe("option: the data has 9 images");
  expect([await shown(() => void chosen.step(Uint32Array.of(0, 8, 7, 1))), chosen.steps]).toEqual(["nothing", 1]);
  for (const each of [session, chosen]) each.destroy();
});

test("a loss that is no number stops the run and says where", async () => {
  const run = await train(lenet({ activation: "relu" }), {
    device: await openTestDevice(), data: set(64, Uint8Array.from({ length: 64 }, (_, i) => i % 10)),
    batch: 8, epochs: 3, optimizer: sgd({ lr: 1e30 }),
  });
  expect(await says((async () => { for await (const _ of run); })())).toMatch(joined(
    /^non-finite: the loss of step \d+ is NaN or infinite for \d of 8 images; /,
    /lower the learning rate \(it is 1e\+30\), or check the data$/));
  run.destroy();
});

test("a lost device ends the run with an error, not with silence", async () => {
  const device = await openDevice(), run = await train(lenet(), { device, data: set(64), batch: 8, epochs: 100 });
  const loop = says((async () => { for await (const _ of run) device.destroy(); })());
  expect(await loop).toBe("device-lost: the device was destroyed; open another with openDevice()");
});

test("no adapter at all", async () => {
  expect(await says(openInBrowser()))
    .toMatch(/^adapter: .* in Node, import openDevice from "convoy-gpu\/node"; start Deno with --unstable-webgpu$/);
  expect(await says(openDevice({ adapter: "cuda" as "system" })))
    .toBe('option: the adapter is "auto", "system" or "software", not "cuda"');
  expect(await says(openDevice({ robus: false } as object)))
    .toBe("option: openDevice() in Node takes { adapter, robust, limits }, not robus");
  expect(await says(openDevice({ limits: "all" as "real" }))).toBe('option: limits is "real" or "default", not "all"');
  expect(await says(fashionMnist({ full: true } as object)))
    .toBe("option: fashionMnist() in Node takes { which, dir }, not full");
  const before = process.env.VK_ICD_FILENAMES;
  process.env.VK_ICD_FILENAMES = "/nowhere.json";
  expect(await says(openDevice({ adapter: "system" })))
    .toMatch(/^adapter: the system offers no adapter; install a Vulkan driver, or use the software adapter/);
  if (before) process.env.VK_ICD_FILENAMES = before; else delete process.env.VK_ICD_FILENAMES;
});

test("a last batch of one image, of which batch norm learns nothing", async () => {
  const device = await openTestDevice(), net = sequential(flatten(), linear({ units: 10 }), batchNorm());
  expect(await says(train(net, { device, data: set(9), batch: 4 })))
    .toMatch(/^shape: 2 \(batchNorm\): needs more than one value per channel to learn from; /);
  expect(await says(train(net, { device, data: set(9), batch: 9, microBatch: 4 })))
    .toMatch(/needs more than one value per channel/);
  const run = await train(net, { device, data: set(9), batch: 3, epochs: 1 });
  expect(await run.predict(new Uint8Array(784))).toHaveLength(1);
  for (const none of [undefined, { train: set(2), test: set(2) } as never])
    expect(await says(run.evaluate(none))).toBe("option: there are no test images; give evaluate() a data set");
  run.destroy();
});
