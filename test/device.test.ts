// Which adapter is opened, and whose a device is.
import { expect, test } from "vitest";
import { flatten, fromDevice, linear, sequential, train, type Device } from "../src/index.js";
import { openDevice } from "../src/node/device.js";
import { noise } from "./noise.js";
import { openTestDevice } from "./support.js";

/** The adapter that is opened, or why there is none. */
const opened = (adapter: "system" | "software") => openDevice({ adapter }).then(
  (device) => { device.destroy(); return device.adapter.name; },
  (e: { code: string }) => e.code);

test("each adapter is the one asked for, whatever was opened before", async () => {
  const before = await opened("system"), drivers = process.env.VK_ICD_FILENAMES;
  expect(await opened("software")).toMatch(/SwiftShader/);
  expect(await opened("system")).toBe(before);
  expect(await Promise.all([opened("software"), opened("system")]))
    .toEqual([expect.stringMatching(/SwiftShader/), before]);
  expect(process.env.VK_ICD_FILENAMES).toBe(drivers);
});

test("a GPUDevice of one's own trains to the same bits, and outlives Convoy's part in it", async () => {
  const device = await openTestDevice(), { gpu, adapter } = device, shared = fromDevice(gpu);
  expect(shared.adapter).toEqual(adapter);
  const learned = async (on: Device) => {
    const options = { device: on, data: noise(16, [1, 2, 2], 3), batch: 8, epochs: 1 };
    const run = await train(sequential(flatten(), linear({ units: 3 })), options);
    await run.finish();
    try { return await run.weights(); } finally { run.destroy(); }
  };
  expect(await learned(shared)).toEqual(await learned(device));
  shared.destroy();
  await gpu.queue.onSubmittedWorkDone();
  const later = new Promise((resolve) => { setTimeout(resolve, 50, "there"); });
  expect(await Promise.race([gpu.lost.then(() => "lost"), later])).toBe("there");
  expect(() => fromDevice({ limits: gpu.limits } as GPUDevice)).toThrow(/fromDevice\(gpu, adapter\.info\)/);
});
