// Images per second, and how many steps are on their way: by a clock and a GPU of the test's own.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Device } from "../src/gpu/device.js";
import { Pace } from "../src/train/pace.js";

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
