// Images per second, and how many steps are on their way: by a clock and a GPU of the test's own.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Device } from "../src/gpu/device.js";
import { RING } from "../src/train/control.js";
import { Pace } from "../src/train/pace.js";
import { Run } from "../src/train/run.js";
import { Tuning } from "../src/tune/tuning.js";
import { noise } from "./noise.js";

beforeEach(() => { vi.useFakeTimers({ toFake: ["performance"] }).advanceTimersByTime(1000); });
afterEach(() => { vi.useRealTimers(); });

let waits = 0;
const device = {
  until: <T>(promise: Promise<T>) => promise,
  gpu: { queue: { onSubmittedWorkDone: async () => { waits++; } } },
} as unknown as Device;

/** So many steps of 10 images, each of which takes so long. */
async function steps(pace: Pace, count: number, milliseconds: number) {
  for (let i = 0; i < count; i++) {
    pace.begin();
    vi.advanceTimersByTime(milliseconds);
    await pace.step(device, 10);
  }
}

test("images per second are of the time at work: pauses do not count, nor images twice", async () => {
  const pace = new Pace();
  expect(pace.imagesPerSecond).toBe(0);
  for (let i = 0; i < 3; i++) {
    await steps(pace, 10, 50);
    pace.end();
    vi.advanceTimersByTime(10_000);
  }
  expect(pace.imagesPerSecond).toBeCloseTo(200, 6);
});

test("short steps go out in larger groups, long ones are waited for one by one", async () => {
  const pace = new Pace(), waited = async (count: number, milliseconds: number) => {
    waits = 0;
    await steps(pace, count, milliseconds);
    return waits;
  };
  const few = await waited(256, 1);
  expect(few).toBeLessThan(32);
  await steps(pace, 64, 200);
  expect(await waited(16, 200)).toBe(16);
});

test("a tuner's turns do not count, though steps are on their way when one begins; nor does loading it", async () => {
  vi.useRealTimers().useFakeTimers({ toFake: ["performance", "setTimeout"] }).advanceTimersByTime(1000);
  const turns = [3_000, 1_000], wait = (ms: number) => new Promise((resolve) => { setTimeout(resolve, ms); });
  vi.doMock("../src/tune/measure.js", () => wait(500).then(() => ({ async *measure() {
    for (const [i, turn] of turns.entries()) { await wait(turn); yield { key: `${i}`, rung: "plain" }; }
  } })));
  const rows = Float32Array.from({ length: 4 * RING }, (_, i) => i % 4 < 3 ? 10 : 0);
  let free = 0;  // when the GPU will have played all steps, each of 10 images and 50 ms
  const session = {
    steps: 0, seed: 0, batches: [10], micro: 10, choices: {}, optimizer: { lr: 1 }, choose: vi.fn(),
    device: { ...device, gpu: { queue: { onSubmittedWorkDone: () => wait(free - performance.now()) } } },
    step(_: unknown, __: unknown, read: boolean) {
      free = Math.max(free, performance.now()) + 50;
      session.steps++;
      return read ? wait(free - performance.now()).then(() => rows) : undefined;
    },
  };
  const run = new Run(session as never, noise(1000, [1, 1, 1]), 2, undefined, {}, new Tuning(session as never));
  const rates: number[] = [];
  let ended = false;
  const trained = (async () => { for await (const e of run) rates.push(e.imagesPerSecond); })();
  void trained.catch(() => {}).finally(() => { ended = true; });
  while (!ended) { await vi.advanceTimersByTimeAsync(5); await new Promise(setImmediate); }
  await trained;
  vi.doUnmock("../src/tune/measure.js");
  expect(session.choose).toHaveBeenLastCalledWith({ 0: "plain", 1: "plain" });
  const known = rates.filter(Boolean);
  expect(known.length).toBeGreaterThan(20);
  for (const rate of known) expect(rate).toBeCloseTo(200, 0);
});
