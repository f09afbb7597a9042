// The tuner: the faster rung wins, its table is kept, steps go by it, and a resumed run keeps it to the bit.
import { mkdtempSync, rmSync, writeFileSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { dataset } from "../src/data/dataset.js";
import { activation_forward } from "../src/generated/activation.js";
import { Device, type Store } from "../src/gpu/device.js";
import { Recorder, tensor, type Rung } from "../src/gpu/recorder.js";
import { batchNorm, conv2d, flatten, linear, maxPool2d, readSafetensors, relu, sequential, sgd, train, writeSafetensors, type Choices, type Run } from "../src/index.js";
import { fileStore } from "../src/node/store.js";
import { isChoices, placeOf, readChoices, VERSION, writeChoices } from "../src/tune/choices.js";
import { measure, type Measured } from "../src/tune/measure.js";
import { tune } from "../src/tune/tune.js";
import { tools } from "../src/tune/tools.js";
import { openTestDevice } from "./support.js";

const folder = mkdtempSync(join(tmpdir(), "convoy-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The device under test, with a memory of its own. */
async function withStore(): Promise<{ device: Device; kept: Map<string, string> }> {
  const { gpu, adapter, rest } = await openTestDevice(), kept = new Map<string, string>();
  const store: Store = { async get(key) { return kept.get(key); }, async set(key, text) { kept.set(key, text); } };
  return { device: new Device(gpu, adapter, rest, store), kept };
}

const data = dataset({ images: Uint8Array.from({ length: 64 * 52 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24), labels: Uint8Array.from({ length: 52 }, (_, i) => (i * 7) % 4), shape: [1, 8, 8], classes: [..."0123"] });
const net = () => sequential(conv2d({ filters: 4, kernel: 3 }), batchNorm(), relu(), maxPool2d({ kernel: 2 }), conv2d({ filters: 8, kernel: 3 }), flatten(), linear({ units: 4 }));
/** Few kernels, since every rung is compiled. */
const tiny = () => sequential(batchNorm(), flatten(), linear({ units: 4 }));
const open = (device: Device, more: { tune?: boolean | Choices; epochs?: number } = {}, part = net()): Promise<Run> => train(part, { device, data, batch: 8, epochs: 3, seed: 5, optimizer: sgd({ lr: 0.02, momentum: 0.9 }), ...more });
const rungs = ({ session }: Run): string[] => session.programs.flatMap(({ steps }) => steps.map(({ rung }) => rung ?? "")).filter(Boolean);

/** As often as it says, the same work again. */
const times = (name: string, n: number): Rung<{ size: number }, "x" | "y"> => ({ name, fits: () => true, record(rec, t, { size }) {
  for (let i = 0; i < n; i++) rec.dispatch(activation_forward, t, { size, ACTIVATION: 1, ALPHA: 1, THRESHOLD: 0 }, size);
} });

test.each(["timestamps", "wall clock"] as const)("the faster rung wins by %s, a slow one is given up, and what is known is not measured", async (clock) => {
  const ladder = [times("slow", 2), times("slower", 12), times("fast", 1)], x = tensor("x", [1 << 20]), y = tensor("y", [1 << 20]), device = await openTestDevice();
  const record = (choice?: (key: string) => string | undefined) => {
    const rec = new Recorder({ choice });
    for (const [path, name] of [["0", "relu"], ["1", "relu"], ["2", "other"], ["3", undefined]] as const) rec.within(path, () => rec.climb(ladder, { x, y }, { size: x.size }, name));
    return rec.steps;
  };
  const found: Measured[] = [];
  for await (const one of measure(device, record, tools, { clock, known: (key) => key.startsWith("other") })) found.push(one);
  expect(found).toMatchObject([{ key: `relu: size${1 << 20}`, usual: "slow", rung: "fast" }]);
  const { slow, slower, fast } = found[0].seconds;
  expect([fast < slow, 3 * fast < slower]).toEqual([true, true]);
});

test("a choice is taken where it fits; passes that must agree have one key", () => {
  const ladder = [times("a", 1), { ...times("b", 1), fits: ({ size }: { size: number }) => size > 9 }, times("c", 1)], t = { x: tensor("x", [4]), y: tensor("y", [4]) };
  const taken = (size: number, target: ConstructorParameters<typeof Recorder>[0], name?: string) => { const rec = new Recorder(target); rec.climb(ladder, t, { size }, name); return rec.steps[0].rung; };
  const choice = (key: string) => ({ "f: size8": "c", "f: size9": "b", "f: size10": "b", "f: size11": "none" })[key];
  expect([8, 9, 10, 11, 12].map((size) => taken(size, { choice }, "f"))).toEqual(["c", "a", "b", "a", "a"]);
  expect([taken(8, { choice }), taken(8, { choice, rung: "a" }, "f")]).toEqual(["a", "a"]);
});

test("a table holds for an adapter, a runtime and a version, and comes back from a file", async () => {
  expect(VERSION).toBe((JSON.parse(readFileSync("package.json", "utf8")) as { version: string }).version);
  const { adapter } = await openTestDevice(), places = [placeOf(adapter), placeOf(adapter, "Chrome/150"), placeOf({ ...adapter, id: "x" }), placeOf({ ...adapter, subgroups: [32, 64] })];
  expect(new Set(places).size).toBe(4);
  const { gpu } = await openTestDevice(), path = join(folder, "deep", "tuned.json"), device = new Device(gpu, adapter, undefined, fileStore(path));
  expect(await readChoices(device)).toEqual({});
  await writeChoices(device, { a: "plain" });
  await writeChoices(new Device(gpu, { ...adapter, id: "other" }, undefined, fileStore(path)), { a: "vec4" });
  await writeChoices(device, { b: "vec4" });
  expect(await readChoices(device)).toEqual({ a: "plain", b: "vec4" });
  for (const text of ["{", "[]", JSON.stringify({ [placeOf(adapter)]: '{"a":1}' }), JSON.stringify({ [placeOf(adapter)]: 1 })]) {
    writeFileSync(path, text);
    expect(await readChoices(device)).toEqual({});
  }
  writeFileSync(join(folder, "file"), "");
  await writeChoices(new Device(gpu, adapter, undefined, fileStore(join(folder, "file", "tuned.json"))), { a: "plain" });  // cannot be written: no matter
});

test("tune() gives a table that train() takes, and keeps it for tune: true", async () => {
  const { device, kept } = await withStore(), table = await tune(tiny(), { device, input: [1, 8, 8], batch: 8 });
  expect(new Set(Object.keys(table).map((key) => key.split(":")[0]))).toEqual(new Set(["batchNorm", "linear forward", "linear gradients"]));
  expect(isChoices(table)).toBe(true);
  expect([...kept]).toEqual([[placeOf(device.adapter), JSON.stringify(table)]]);
  const run = await open(device, { tune: true }, tiny());
  expect(run.session.choices).toEqual(table);
  run.destroy();
});

/** Every operator by the plain kernel: other bits than usual, whatever a tuner would say. */
async function plain(device: Device): Promise<Choices> {
  const run = await open(device), keys = run.session.programs.flatMap(({ steps }) => steps.flatMap(({ key }) => key ?? []));
  run.destroy();
  return Object.fromEntries(keys.map((key) => [key, "plain"]));
}

async function finish(run: Run): Promise<Uint8Array> {
  await run.finish();
  const file = await run.save();
  run.destroy();
  return file;
}

test("a checkpoint holds the choice, and a resumed run repeats its bits by it", async () => {
  const { device } = await withStore(), table = await plain(device), usual = await open(device), chosen = await open(device, { tune: table });
  expect(new Set(rungs(usual)).size).toBeGreaterThan(2);
  expect(new Set(rungs(chosen))).toEqual(new Set(["plain", "column"]));
  const want = await finish(chosen), without = await finish(usual), off = await open(device, { tune: false });
  expect(await finish(off), "off is as usual").toEqual(without);
  expect([readSafetensors(without).metadata.has("rungs"), JSON.parse(readSafetensors(want).metadata.get("rungs")!)]).toEqual([false, table]);
  expect(readSafetensors(want).tensors.get("0.weight")!.data).not.toEqual(readSafetensors(without).tensors.get("0.weight")!.data);
  for (const tune of [false, true]) for (const [by, end] of [[table, want], [false, without]] as const) {
    const first = await open(device, { tune: by, epochs: 1 }), second = await open(device, { tune });
    await first.finish();
    second.restore(await first.save());
    first.destroy();
    expect(await finish(second)).toEqual(end);
  }
  const third = await open(device), { tensors, metadata } = readSafetensors(want);
  expect(() => third.restore(writeSafetensors(tensors as Parameters<typeof writeSafetensors>[0], { ...Object.fromEntries(metadata), rungs: "[1]" }))).toThrow('"rungs" of the metadata is the name of a rung');
  third.destroy();
});

test("tuning goes on between the steps, never before the first, and the run goes over once", { timeout: 60_000 }, async () => {
  const { device, kept } = await withStore(), run = await open(device, { tune: true, epochs: 9999 }, tiny()), before = run.session.programs;
  expect(run.session.choices).toEqual({});
  let at = 0;
  for await (const { loss } of run) {
    expect(loss).toBeLessThan(5);
    if (Object.keys(run.session.choices).length && !at) at = run.session.steps;
    if (at && run.session.steps > at + 20) break;
  }
  expect(at).toBeGreaterThan(1);
  expect(run.session.programs).not.toEqual(before);
  const file = await run.save(), table = JSON.parse(readSafetensors(file).metadata.get("rungs")!) as Choices;
  expect(JSON.parse(kept.get(placeOf(device.adapter))!)).toEqual(table);
  const steps = run.session.steps, [one, two] = await Promise.all([0, 1].map(() => open(device, { epochs: Math.ceil(steps / run.stepsPerEpoch) + 1 }, tiny())));
  for (const again of [one, two]) again.restore(file);
  expect(await finish(one)).toEqual(await finish(two));
  run.destroy();
});
