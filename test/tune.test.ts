// The tuner: steps go by its table, which is kept, and a resumed run keeps it to the bit.
import { expect, test, vi } from "vitest";
import { Device, type Store } from "../src/gpu/device.js";
import {
  batchNorm, conv2d, flatten, linear, maxPool2d, readSafetensors, relu, sequential, sgd, train, writeSafetensors,
  type Choices, type Run,
} from "../src/index.js";
import { isChoices, placeOf } from "../src/tune/choices.js";
import { tune } from "../src/tune/tune.js";
import { Tuning } from "../src/tune/tuning.js";
import { noise } from "./noise.js";
import { saved } from "./runs.js";
import { openTestDevice } from "./support.js";

/** The device under test, with a memory of its own. */
async function withStore(): Promise<{ device: Device; kept: Map<string, string> }> {
  const { gpu, adapter, rest } = await openTestDevice(), kept = new Map<string, string>();
  const store: Store = { async get(key) { return kept.get(key); }, async set(key, text) { kept.set(key, text); } };
  return { device: new Device(gpu, adapter, rest, store), kept };
}

const data = noise(52, [1, 8, 8], 4);
const net = () => sequential(
  conv2d({ filters: 4, kernel: 3 }), batchNorm(), relu(), maxPool2d({ kernel: 2 }),
  conv2d({ filters: 8, kernel: 3 }), flatten(), linear({ units: 4 }),
);
/** Few kernels, since every rung is compiled. */
const tiny = () => sequential(batchNorm(), flatten(), linear({ units: 4 }));
const open = (device: Device, more: { tune?: boolean | Choices; epochs?: number } = {}, part = net()): Promise<Run> =>
  train(part, { device, data, batch: 8, epochs: 3, seed: 5, optimizer: sgd({ lr: 0.02, momentum: 0.9 }), ...more });
const rungs = ({ session }: Run): string[] =>
  session.programs.flatMap(({ steps }) => steps.map(({ rung }) => rung ?? "")).filter(Boolean);

test("tune() gives a table that train() takes, and keeps it for tune: true", async () => {
  const { device, kept } = await withStore(), table = await tune(tiny(), { device, input: [1, 8, 8], batch: 8 });
  expect(new Set(Object.keys(table).map((key) => key.split(":")[0])))
    .toEqual(new Set(["batchNorm", "linear forward", "linear gradients"]));
  expect(isChoices(table)).toBe(true);
  expect([...kept]).toEqual([[placeOf(device.adapter), JSON.stringify(table)]]);
  const run = await open(device, { tune: true }, tiny());
  expect(run.session.choices).toEqual(table);
  const { session } = run, { ready } = session;
  vi.spyOn(session, "add").mockRejectedValueOnce(new Error("no room"));
  await expect(session.choose({})).rejects.toThrow("no room");
  expect([session.choices, session.ready]).toEqual([table, ready]);  // what cannot be prepared changes nothing
  run.destroy();
});

test("by default a GPU is tuned, and a processor is not", async () => {
  const { device: { gpu, adapter, rest, store }, kept } = await withStore(), known = { operator: "rung" };
  for (const software of [true, false]) {
    const device = new Device(gpu, { ...adapter, software }, rest, store);
    kept.set(placeOf(device.adapter), JSON.stringify(known));
    const run = await open(device, {}, tiny());
    expect(run.session.choices).toEqual(software ? {} : known);
    run.destroy();
  }
});

test("a tuner waits for the first step after it was made, and gives up for good where measuring fails", async () => {
  const failing = { device: { check() {}, until: () => Promise.reject(new Error("no clock")),
    gpu: { queue: { onSubmittedWorkDone() {} } } }, steps: 7, choices: { operator: "rung" } };
  const tuning = new Tuning(failing as never), warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const due = [tuning.due];
  failing.steps++;
  due.push(tuning.due);
  expect(await tuning.turn(() => {})).toEqual({ operator: "rung" });
  due.push(tuning.due);
  expect(due).toEqual([false, true, false]);
  expect(warn).toHaveBeenCalledWith(expect.stringContaining("the rungs stay as they are: no clock"));
  warn.mockRestore();
});

test("after a turn there is none for as long, 100 ms at least; what is known is not measured", async () => {
  const now = vi.spyOn(performance, "now"), due: boolean[] = [], known: boolean[] = [];
  vi.doMock("../src/tune/measure.js", () => ({
    async *measure(_: unknown, __: unknown, ___: unknown, by: { known(key: string): boolean }) {
      known.push(...["operator", "other"].map((key) => by.known(key)));
      now.mockReturnValue(1300);
      yield { key: "other", rung: "plain" };
      yield { key: "third", rung: "plain" };
    },
  }));
  const session = { device: { check() {}, until: (p: unknown) => p, gpu: { queue: { onSubmittedWorkDone() {} } } },
    steps: 1, choices: { operator: "rung" }, choose: vi.fn() };
  const tuning = new Tuning(session as never);
  session.steps++;
  for (const [began, ...then] of [[1000, 1599, 1600], [1600, 1699, 1700], [1700, 1e9]]) {
    now.mockReturnValue(began);
    await tuning.turn(() => {});
    for (const at of then) { now.mockReturnValue(at); due.push(tuning.due); }
  }
  vi.doUnmock("../src/tune/measure.js");
  now.mockRestore();
  expect([known, due]).toEqual([[true, false], [false, true, false, true, false]]);
  expect(session.choose.mock.calls).toEqual([[{ operator: "rung", other: "plain", third: "plain" }]]);
});

/** Every operator by the plain kernel: other bits than usual, whatever a tuner would say. */
async function plain(device: Device): Promise<Choices> {
  const run = await open(device);
  const keys = run.session.programs.flatMap(({ steps }) => steps.flatMap(({ key }) => key ?? []));
  run.destroy();
  return Object.fromEntries(keys.map((key) => [key, "plain"]));
}

test("a checkpoint holds the choice, and a resumed run repeats its bits by it", async () => {
  const { device } = await withStore(), table = await plain(device);
  const usual = await open(device), chosen = await open(device, { tune: table });
  expect(new Set(rungs(usual)).size).toBeGreaterThan(2);
  expect(new Set(rungs(chosen))).toEqual(new Set(["plain", "column"]));
  const want = await saved(chosen), without = await saved(usual), off = await open(device, { tune: false });
  expect(await saved(off), "off is as usual").toEqual(without);
  const { tensors, metadata } = readSafetensors(want), bare = readSafetensors(without);
  expect([bare.metadata.has("rungs"), JSON.parse(metadata.get("rungs")!)]).toEqual([false, table]);
  expect(tensors.get("0.weight")!.data).not.toEqual(bare.tensors.get("0.weight")!.data);
  for (const tune of [false, true]) for (const [by, end] of [[table, want], [false, without]] as const) {
    const first = await open(device, { tune: by, epochs: 1 }), second = await open(device, { tune });
    second.restore(await saved(first));
    expect(await saved(second)).toEqual(end);
  }
  const third = await open(device), wrong = { ...Object.fromEntries(metadata), rungs: "[1]" };
  expect(() => third.restore(writeSafetensors(tensors as Parameters<typeof writeSafetensors>[0], wrong)))
    .toThrow('"rungs" of the metadata is the name of a rung');
  third.destroy();
});

test("tuning goes on between the steps, never before the first, and the run goes over once",
  { timeout: 60_000 }, async () => {
  const { device, kept } = await withStore(), known = { "another network's operator": "plain" };
  kept.set(placeOf(device.adapter), JSON.stringify(known));
  const run = await open(device, { tune: true, epochs: 9999 }, tiny()), before = run.session.programs;
  expect(run.session.choices).toEqual(known);
  let at = 0;
  for await (const { loss } of run) {
    expect(loss).toBeLessThan(5);
    if (Object.keys(run.session.choices).length > 1 && !at) at = run.session.steps;
    if (at && run.session.steps > at + 20) break;
  }
  expect(at).toBeGreaterThan(1);
  expect(run.session.programs).not.toEqual(before);
  const file = await run.save(), table = JSON.parse(readSafetensors(file).metadata.get("rungs")!) as Choices;
  expect(JSON.parse(kept.get(placeOf(device.adapter))!)).toEqual(table);
  expect(table).toMatchObject(known);
  const epochs = Math.ceil(run.session.steps / run.stepsPerEpoch) + 1;
  const [one, two] = await Promise.all([0, 1].map(() => open(device, { epochs }, tiny())));
  for (const again of [one, two]) again.restore(file);
  expect(await saved(one)).toEqual(await saved(two));
  run.destroy();
});
