// Which adapter is opened, whose a device is, and what its memory takes.
import { expect, test } from "vitest";
import { targetOf } from "../src/gpu/device.js";
import { flatten, fromDevice, linear, openDevice as openInPage, sequential, train, type Device } from "../src/index.js";
import { Memory } from "../src/gpu/memory.js";
import { tensor } from "../src/gpu/recorder.js";
import { openDevice } from "../src/node/device.js";
import { plan, single } from "../src/plan.js";
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

test("where a browser has WebGPU in compatibility mode only, that is opened, and its limits are kept to", async () => {
  const own = Object.getOwnPropertyDescriptor(globalThis, "navigator"), asked: unknown[] = [];
  const most = { maxComputeInvocationsPerWorkgroup: 128, maxBufferSize: 2 ** 28, maxStorageBufferBindingSize: 2 ** 27 };
  const adapter = {
    limits: most, features: new Set(), info: {},
    requestDevice: async () => ({ limits: most, features: new Set(), lost: new Promise(() => {}) }),
  };
  const gpu = {
    async requestAdapter(options: GPURequestAdapterOptions) {
      asked.push(options);
      return options.featureLevel === "compatibility" ? adapter : null;
    },
  };
  Object.defineProperty(globalThis, "navigator", { value: { gpu }, configurable: true });
  try {
    const device = await openInPage();
    expect(targetOf(device.adapter)).toMatchObject({ gpu: true, invocations: 128 });
    expect(asked).toHaveLength(2);
  } finally {
    if (own) Object.defineProperty(globalThis, "navigator", own); else Reflect.deleteProperty(globalThis, "navigator");
  }
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

test("memory takes no more than a tensor holds, and whole words", async () => {
  const memory = new Memory(await openTestDevice()), t = tensor("t", [4]);
  await memory.grow(plan([], [single(t), single(tensor("behind", [4]))]));
  memory.write(t, Float32Array.of(1, 2, 3, 4));
  memory.write(t, Float32Array.of(5), 12);
  expect(() => memory.write(t, new Float32Array(5))).toThrow("t takes 16 bytes, not 20");
  expect(() => memory.write(t, new Float32Array(2), 12)).toThrow("t takes 16 bytes, not 20");
  expect(() => memory.write(t, new Uint8Array(3))).toThrow("t takes 16 bytes, not 3");
  expect(await memory.read(t)).toEqual(Float32Array.of(1, 2, 3, 5));
  memory.destroy();
});
