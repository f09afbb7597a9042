// What strangers do with the library's doors: each says what it wants, and nothing goes on in silence.
import { expect, test } from "vitest";
import {
  conv2d, flatten, forward, freeze, linear, named, predictor, readSafetensors, relu, sequential, Session, sgd,
  stateDict, train, type SessionOptions,
} from "../src/index.js";
import { parseCifar, parseIdx } from "../src/data/index.js";
import { noise } from "./noise.js";
import { openTestDevice } from "./support.js";

const data = noise(16, [1, 4, 4], 4), net = sequential(flatten(), linear({ units: 4 }));
const says = async (f: () => unknown) => { try { await f(); return "nothing"; } catch (e) { return String(e); } };
const session = async (more: object, part = net) => Session.open(
  part, { device: await openTestDevice(), input: [1, 4, 4], batches: [8], data, ...more } as SessionOptions);

test.each<[string, object, string | RegExp]>([
  ["an option of train()", { epochs: 3 }, /^OptionError: Session\.open\(\) takes \{ device, data, .* \}, not epochs$/],
  ["no device", { device: undefined }, "OptionError: device is what openDevice() gives, awaited"],
  ["data that was not awaited", { data: Promise.resolve(data) }, "OptionError: data is a data set, awaited"],
  ["an optimizer's name", { optimizer: "adam" }, "OptionError: optimizer is what sgd() or another gives"],
  ["a loss that was not called", { loss: () => {} }, "OptionError: loss is what crossEntropy() or another gives"],
  ["the name of an init", { init: "xavier" }, "OptionError: init is a function"],
  ["half a seed", { seed: 0.5 }, "OptionError: seed is an integer from 0 to 2³² − 1, not 0.5"],
  ["one batch size", { batches: 8 }, "OptionError: batches is a list of batch sizes"],
  ["no batch size", { batches: [] }, "OptionError: batches is a list of batch sizes"],
  ["half an image", { batches: [8, 2.5] }, "OptionError: batch is an integer of at least 1, not 2.5"],
])("a session with %s", async (_, more, want) => {
  const said = await says(() => session(more));
  if (typeof want === "string") expect(said).toBe(want); else expect(said).toMatch(want);
});

test("a session wants an output for each label, and images as floats", async () => {
  expect(await says(() => session({}, sequential(flatten(), linear({ units: 3 })))))
    .toMatch(/^ShapeError: label 3 of image \d+ is out of range: the network has 3 outputs/);
  const fed = await session({ data: undefined }), pixels = new Float32Array(128), labels = new Uint32Array(8);
  fed.feed(pixels, labels);
  for (const [x, y] of [[new Uint8Array(128), labels], [pixels, new Uint8Array(8)], [[...pixels], [...labels]]])
    expect(await says(() => { fed.feed(x as never, y as never); })).toBe("ShapeError: 128 numbers are not 8 images of "
      + "[1,4,4], a Float32Array with a Uint32Array of labels");
  fed.destroy();
  expect(await says(() => fed.step(new Uint32Array(8)))).toBe("OptionError: this was destroyed; make another");
});

test("what the output does not depend on is refused, unless frozen: weight decay alone would change it", async () => {
  const device = await openTestDevice(), dead = named("dead", conv2d({ filters: 2, kernel: 3 }));
  const optimizer = sgd({ lr: 1, weightDecay: 1 }), options = { device, data, batch: 8, epochs: 1, optimizer };
  const open = (branch: typeof dead) => train((x) => { branch(x); return net(x); }, options);
  expect(await says(() => open(dead)))
    .toBe("OptionError: the output does not depend on dead.weight: use it, or freeze() it");
  const run = await open(freeze(dead)), before = (await run.weights()).get("dead.weight");
  await run.finish();
  const weights = await run.weights();
  expect(weights.get("dead.weight")).toEqual(before);
  run.destroy();
  const answers = await predictor((x) => { dead(x); return net(x); }, { device, input: [1, 4, 4], weights });
  expect(await answers.predict(data)).toHaveLength(16);
  answers.destroy();
});

test("what is no device, no bytes or no weights is told, wherever it is given", async () => {
  const device = await openTestDevice(), x = { shape: [1, 1, 1, 1], data: [1] }, none = new Map([["a", undefined]]);
  for (const [f, want] of [
    [() => forward(relu(), { x } as never), "OptionError: device is what openDevice() gives, awaited"],
    [() => forward(relu(), { device } as never), "OptionError: x is { shape: [N, C, H, W], data }"],
    [() => predictor(net, { input: [1, 4, 4] } as never), "OptionError: device is what openDevice() gives, awaited"],
    [() => predictor(net, { device, input: [1, 4, 4], weights: none as never }), "FormatError: weights are a Map of "
      + "names to { shape, data: Float32Array }, as stateDict(bytes) gives it"],
  ] as const) expect(await says(f)).toBe(want);
  const run = await train(net, { device, data, batch: 8 }), file = run.save();
  for (const wrong of [new ArrayBuffer(99), "model.safetensors", undefined, file] as never[]) for (const f of [
    () => stateDict(wrong, "f"), () => readSafetensors(wrong, "f"), () => { run.restore(wrong, "f"); },
    () => parseIdx(wrong, "f"), () => parseCifar(wrong, 10, "f"),
  ]) expect(await says(f)).toMatch(/^FormatError: f comes as bytes: new Uint8Array\(await response\.arrayBuffer\(\)\)/);
  await file;
  run.destroy();
});
