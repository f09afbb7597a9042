// Checkpoints: a run that was saved, destroyed and restored ends in the bits of one that was never stopped.
import { expect, test } from "vitest";
import {
  adam, batchNorm, conv2d, crossEntropy, dropout, flatten, linear, named, reduceOnPlateau, readSafetensors, relu,
  rmsprop, sequential, sgd, stateDict, train, writeSafetensors,
  type Optimizer, type Run, type TrainOptions,
} from "../src/index.js";
import { noise } from "./noise.js";
import { saved, stepped } from "./runs.js";
import { openTestDevice } from "./support.js";

const images = (n: number, from?: number) => noise(n, [1, 8, 8], 4, from);
const data = images(52), split = { train: data, test: images(9, 5), name: "", source: "" };
const net = (channels = 4) => sequential(
  conv2d({ filters: channels, kernel: 3 }), batchNorm(), relu(), flatten(), dropout({ p: 0.3 }), linear({ units: 4 }));
const open = async (options: Partial<TrainOptions> = {}, channels?: number): Promise<Run> => train(net(channels), {
  device: await openTestDevice(), data, batch: 8, epochs: 3, seed: 5, optimizer: sgd({ lr: 0.02, momentum: 0.9 }),
  ...options,
});

async function end(run: Run): Promise<{ file: Uint8Array; history: number[]; last: number[] }> {
  const { loss, accuracy, lr } = (await run.finish())!, file = await run.save();
  run.destroy();
  return { file, history: run.history, last: [loss, accuracy, lr] };
}

test.each<[string, () => Optimizer]>([
  ["sgd with momentum", () => sgd({ lr: 0.02, momentum: 0.9 })],
  ["adam", () => adam({ lr: 0.01 })],
  ["centered rmsprop", () => rmsprop({ lr: 0.001, momentum: 0.5, centered: true })],
])("%s: stopped in an epoch and restored, a run ends in the same bits", async (_, optimizer) => {
  const whole = await end(await open({ optimizer: optimizer() }));
  for (const steps of [0, 3, 7, 12]) {  // an epoch has 7
    const file = await saved(await open({ optimizer: optimizer() }), steps);
    const second = await open({ optimizer: optimizer() });
    second.restore(file);
    expect([second.epoch, second.session.steps]).toEqual([Math.floor(steps / 7), steps]);
    expect(await second.save(), "a restored run saves the same file").toEqual(file);
    expect(await end(second), `stopped after ${steps} steps`).toEqual(whole);
  }
});

test.each([
  ["of training", data], ["of a test", split],
])("a file that is saved while training goes on is of one moment, by losses %s", async (_, data) => {
  const schedule = reduceOnPlateau({ patience: 1 });
  const options = { earlyStopping: { patience: 9 }, schedule, data, loss: crossEntropy(), epochs: 12 };
  const first = await open(options), files: Promise<Uint8Array>[] = [];
  const original = first.session.step.bind(first.session);
  first.session.step = (...args) => {  // also in the middle of what nobody has read yet, and of the evaluations
    if (first.session.steps % 17 === 5) void Promise.resolve().then(() => files.push(first.save()));
    return original(...args);
  };
  const whole = await end(first);
  expect(files.length).toBeGreaterThan(3);
  for (const file of files) {
    const run = await open(options);
    run.restore(await file);
    expect(await end(run)).toEqual(whole);
  }
});

test("a file from before an epoch's end, its last step taken, gives the end of that epoch", async () => {
  const first = await open({ data: split }), evaluate = first.test!.run.bind(first.test);
  let file: Promise<Uint8Array> | undefined;
  first.test!.run = () => { file ??= first.save(); return evaluate(); };
  const whole = await end(first), run = await open({ data: split });
  run.restore(await file!);
  expect(run.epoch).toBe(0);
  expect(await end(run)).toEqual(whole);
});

test("weights alone are what PyTorch takes; load() takes both", async () => {
  const run = await open();
  await stepped(run, 2);
  const [alone, whole] = [await run.save({ optimizer: false }), await run.save()], { tensors } = readSafetensors(alone);
  expect([...tensors.keys()]).toEqual([
    "0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked",
    "5.weight", "5.bias",
  ]);
  expect(tensors.get("1.num_batches_tracked")).toMatchObject({ dtype: "I64", shape: [], data: BigInt64Array.of(2n) });
  expect(readSafetensors(whole).tensors.get("optimizer.momentum.5.weight")!.shape).toEqual([4, 144]);
  expect(stateDict(whole)).toEqual(await run.weights());
  const other = await open({ seed: 6 });
  for (const file of [alone, whole]) {
    other.load(stateDict(file));
    expect(await other.weights()).toEqual(await run.weights());
  }
  expect(() => other.restore(alone, "a.safetensors")).toThrow(
    "a.safetensors holds weights alone, nothing a training could go on with; "
    + "for weights, use run.load(stateDict(bytes))");
  expect(() => stateDict(Uint8Array.of(0x50, 0x4b, 3, 4, 20, 0, 0, 0), "model.pt")).toThrow(
    "model.pt is a zip, as torch.save writes; "
    + 'save with safetensors.torch.save_file(model.state_dict(), "model.safetensors")');
  const integers = writeSafetensors(new Map([["x", { shape: [1], data: Uint32Array.of(1) }]]));
  expect(() => stateDict(integers)).toThrow("the file: x is of dtype U32, weights are F32");
  for (const r of [run, other]) r.destroy();
});

test("a layer of the name best, or optimizer, has its weights back", async () => {
  const layer = linear({ units: 4 }), flat = sequential(flatten());
  const make = async () => train((x) => named("best", layer)(named("optimizer", named("best", layer))(flat(x))), {
    device: await openTestDevice(), data, batch: 8, epochs: 2, keepBest: true,
    optimizer: sgd({ lr: 0.01, momentum: 0.9 }),
  });
  const run = await make(), again = await make();
  await run.finish();
  again.restore(await run.save());
  expect([...(await run.weights()).keys()])
    .toEqual(["optimizer.best.weight", "optimizer.best.bias", "best.weight", "best.bias"]);
  expect([...await again.weights()]).toEqual([...await run.weights()]);
  expect(await again.best()).toEqual(await run.best());
  for (const r of [run, again]) r.destroy();
});

test("what does not fit is refused, and changes nothing", async () => {
  const file = await saved(await open(), 2), { tensors, metadata } = readSafetensors(file);
  const refused = async (why: string, options: Partial<TrainOptions>, bytes = file, channels?: number) => {
    const run = await open(options, channels), before = await run.weights();
    expect(() => run.restore(bytes)).toThrow(why);
    expect([await run.weights(), run.session.steps, run.epoch]).toEqual([before, 0, 0]);
    run.destroy();
  };
  await refused("optimizer is sgd there and adam here; train with the same optimizer", { optimizer: adam() });
  await refused("the optimizer, sgd, keeps momentum there and no state here", { optimizer: sgd({ lr: 0.1 }) });
  await refused("seed is 5 there and 1 here; train with the same seed", { seed: 1 });
  await refused("batch is 8 there and 4 here", { batch: 4 });
  await refused("images is 52 there and 9 here", { data: images(9) });
  await refused("0.weight is [4, 1, 3, 3], the network's is [5, 1, 3, 3]", {}, file, 5);
  const kept = tensors as Parameters<typeof writeSafetensors>[0], told = Object.fromEntries(metadata);
  const changed = (key: string, value: string) => writeSafetensors(kept, { ...told, [key]: value });
  await refused('"history" of the metadata is JSON, not "["', {}, changed("history", "["));
  await refused('"sums" of the metadata is a list of numbers', {}, changed("sums", "[null,0,8]"));
  await refused('"step" of the metadata is a whole number up to 7, not "8"', {}, changed("step", "8"));
  const without = (name: string) => writeSafetensors(new Map([...kept].filter(([key]) => key !== name)), told);
  await refused('the checkpoint, "momentum" of the optimizer, is of another network: it lacks 0.bias', {},
    without("optimizer.momentum.0.bias"));
  await refused("the checkpoint is of another network: it lacks 0.bias", {}, without("0.bias"));
  await refused("the checkpoint, the best epoch, is of another network: it lacks 0.weight", {},
    writeSafetensors(new Map([...kept, ["best.0.bias", kept.get("0.bias")!]]), told));
  const begun = await open();
  await stepped(begun, 1);
  expect(() => begun.restore(file)).toThrow("restore() is for a run that has not begun");
  begun.destroy();
});
