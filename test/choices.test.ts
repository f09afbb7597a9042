// A table of choices: the faster rung wins, its name is taken where it fits, and what a device has is kept.
import { mkdtempSync, rmSync, writeFileSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { LimitError } from "../src/errors.js";
import { activation_forward } from "../src/generated/activation.js";
import { Device } from "../src/gpu/device.js";
import { Recorder, tensor, type Rung } from "../src/gpu/recorder.js";
import { fileStore } from "../src/node/store.js";
import { placeOf, readChoices, VERSION, writeChoices } from "../src/tune/choices.js";
import { measure, type Measured } from "../src/tune/measure.js";
import { tools } from "../src/tune/tools.js";
import { openTestDevice } from "./support.js";

const folder = mkdtempSync(join(tmpdir(), "convoy-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** As often as it says, the same work again. */
const times = (name: string, n: number): Rung<{ size: number }, "x" | "y"> => ({
  name, fits: () => true,
  record(rec, t, { size }) {
    const params = { size, ACTIVATION: 1, ALPHA: 1, THRESHOLD: 0 };
    for (let i = 0; i < n; i++) rec.dispatch(activation_forward, t, params, size);
  },
});

test.each(["timestamps", "wall clock"] as const)("the faster rung wins by %s, a slow one is given up, "
  + "and what is known is not measured", async (clock) => {
  const ladder = [times("slow", 2), times("slower", 12), times("fast", 1)], device = await openTestDevice();
  const x = tensor("x", [1 << 20]), y = tensor("y", [1 << 20]);
  const layers = [["0", "relu"], ["1", "relu"], ["2", "other"], ["3", undefined]] as const;
  const record = (choice?: (key: string) => string | undefined) => {
    const rec = new Recorder({ choice });
    for (const [path, name] of layers)
      rec.within(path, () => rec.climb(ladder, { x, y }, { size: x.size }, name));
    return rec.steps;
  };
  const found: Measured[] = [];
  const known = (key: string) => key.startsWith("other");
  for await (const one of measure(device, record, tools, { clock, known })) found.push(one);
  expect(found).toMatchObject([{ key: `relu: size${1 << 20}`, usual: "slow", rung: "fast" }]);
  const { slow, slower, fast } = found[0].seconds;
  expect([fast < slow, 3 * fast < slower]).toEqual([true, true]);
});

test("what is not better by a twentieth is not taken; three times the best is not measured again", async () => {
  const seconds: Record<string, number> = { a: 1, b: 0.96, c: 3.1, d: 1.5 }, left = new Set<string>();
  const device = { adapter: { limits: { binding: 2 ** 20 } } } as Device, rounds: string[] = [];
  vi.doMock("../src/gpu/profiler.js", () => ({
    time: (_: Device, runs: { player: { name: string } }[]) => {
      const names = runs.map(({ player }) => player.name);
      rounds.push(names.join(""));
      return { times: names.map((name) => ({ best: seconds[name] })) };
    },
  }));
  vi.resetModules();
  const { measure } = await import("../src/tune/measure.js");
  vi.doUnmock("../src/gpu/profiler.js");
  const full = { grow() { if (rounds.length === 10) throw new LimitError("no room"); }, write() {} };
  const kept = (name: string, more = {}) => {
    left.add(name);
    return { name, destroy: () => left.delete(name), ...more };
  };
  const Memory = function () { return kept("memory", full); };
  const Player = { prepare: (_: unknown, label: string) => kept(label.at(-1)!) };
  const ladder = Object.keys(seconds).map((name, i) => times(name, i + 1));
  const record = (choice?: (key: string) => string | undefined) => {
    const rec = new Recorder({ choice });
    rec.climb(ladder, { x: tensor("x", [64]), y: tensor("y", [64]) }, { size: 64 }, "relu");
    return rec.steps;
  };
  const found: string[] = [];
  for (const b of [0.96, 0.94, 0]) {
    seconds.b = b;  // the third time there is no room, and the usual rung stays
    const all = measure(device, record, { ...tools, Memory, Player } as never);
    for await (const { usual, rung } of all) found.push(`${usual} ${rung}`);
  }
  expect(found).toEqual(["a a", "a b"]);
  expect([rounds.slice(0, 5), rounds.length, left.size]).toEqual([["a", "b", "c", "d", "abd"], 10, 0]);
});

test("a store that fails costs a warning, not the choices", async () => {
  const { gpu, adapter, rest } = await openTestDevice(), warn = vi.spyOn(console, "warn").mockReturnValue();
  const full = { get: () => Promise.resolve(undefined), set: () => Promise.reject(new Error("the quota is exceeded")) };
  try {
    await writeChoices(new Device(gpu, adapter, rest, full), { "f: size8": "c" });
    expect(warn.mock.calls.join()).toContain("could not be kept: the quota is exceeded");
  } finally { warn.mockRestore(); }
});

test("a choice is taken where it fits; passes that must agree have one key", () => {
  const ladder = [
    times("a", 1), { ...times("b", 1), fits: ({ size }: { size: number }) => size > 9 }, times("c", 1),
  ];
  const t = { x: tensor("x", [4]), y: tensor("y", [4]) };
  const taken = (size: number, target: ConstructorParameters<typeof Recorder>[0], name?: string) => {
    const rec = new Recorder(target);
    rec.climb(ladder, t, { size }, name);
    return rec.steps[0].rung;
  };
  const choice = (key: string) => ({ "f: size8": "c", "f: size9": "b", "f: size10": "b", "f: size11": "none" })[key];
  expect([8, 9, 10, 11, 12].map((size) => taken(size, { choice }, "f"))).toEqual(["c", "a", "b", "a", "a"]);
  expect([new Recorder().wide(8, 4), new Recorder().wide(8, 6), new Recorder({ rung: "plain" }).wide(8)])
    .toEqual([4, 1, 1]);
  expect([taken(8, { choice }), taken(8, { choice, rung: "a" }, "f")]).toEqual(["a", "a"]);
});

test("a table holds for an adapter, a runtime and a version, and comes back from a file", async () => {
  expect(VERSION).toBe((JSON.parse(readFileSync("package.json", "utf8")) as { version: string }).version);
  const { gpu, adapter } = await openTestDevice(), places = [
    placeOf(adapter), placeOf(adapter, "Chrome/150"), placeOf({ ...adapter, id: "x" }),
    placeOf({ ...adapter, subgroups: [32, 64] }),
  ];
  expect(new Set(places).size).toBe(4);
  const path = join(folder, "deep", "tuned.json"), device = new Device(gpu, adapter, undefined, fileStore(path));
  expect(await readChoices(device)).toEqual({});
  await writeChoices(device, { a: "plain" });
  await writeChoices(new Device(gpu, { ...adapter, id: "other" }, undefined, fileStore(path)), { a: "vec4" });
  await writeChoices(device, { b: "vec4" });
  expect(await readChoices(device)).toEqual({ a: "plain", b: "vec4" });
  const here = placeOf(adapter);
  const wrong = ["{", "[]", ...['{"a":1}', 1, "{"].map((text) => JSON.stringify({ [here]: text }))];
  for (const text of wrong) {
    writeFileSync(path, text);
    expect(await readChoices(device)).toEqual({});
  }
  writeFileSync(join(folder, "file"), "");
  const unwritable = fileStore(join(folder, "file", "tuned.json"));
  await writeChoices(new Device(gpu, adapter, undefined, unwritable), { a: "plain" });  // no matter
});
