import { join } from "node:path";
import { AdapterError, OptionError } from "../errors.js";
import { fromAdapter, type Device, type DeviceOptions } from "../gpu/device.js";
import { known } from "../options.js";
import { fileStore } from "./store.js";
import { archives, unpack } from "./unpack.js";

/** What openDevice() takes in Node. */
export interface NodeDeviceOptions extends DeviceOptions {
  /**
   * "system": what the system's driver offers.
   * "software": SwiftShader out of npm's @sparticuz/chromium, slow, always there.
   * "auto" (default): the system's, else the software one. The environment variable CONVOY_ADAPTER sets the default.
   */
  adapter?: "auto" | "system" | "software";
  /**
   * False leaves out Dawn's robustness, which keeps every index inside its array: for kernels that are known to stay
   * there, as Convoy's are. One that does not may end the process.
   * LeNet's step takes 0.73 of the time on SwiftShader. Default true.
   */
  robust?: boolean;
}

type Dawn = typeof import("webgpu");
const instances: GPU[] = [];  // kept for good: once one is collected, its devices crash the process

/** Opens a WebGPU device in Node, through npm's webgpu (Dawn). `device.adapter` says what was found. */
export async function openDevice(options: NodeDeviceOptions = {}): Promise<Device> {
  const { adapter: asked, limits = "real" } = known("openDevice() in Node", options, "adapter, robust, limits");
  if (limits !== "real" && limits !== "default") {
    throw new OptionError(`limits is "real" or "default", not "${String(limits)}"`, { limits });
  }
  const wanted = asked ?? (process.env.CONVOY_ADAPTER || "auto");
  if (!["auto", "system", "software"].includes(wanted)) {
    throw new OptionError(`the adapter is "auto", "system" or "software", not "${wanted}"`, { adapter: wanted });
  }
  let dawn: Dawn;
  try { dawn = await import("webgpu"); } catch (cause) {
    throw new AdapterError('WebGPU in Node is the npm package "webgpu"; install it: npm install webgpu', {}, cause);
  }
  if (wanted !== "software") {
    const adapter = await ask(dawn, options);
    if (adapter) return fromAdapter(adapter, options, rest, fileStore());
    if (wanted === "system") {
      throw new AdapterError("the system offers no adapter; install a Vulkan driver, "
        + "or use the software adapter: CONVOY_ADAPTER=software");
    }
  }
  const adapter = await withSwiftShader(() => ask(dawn, options));
  if (!adapter) {
    throw new AdapterError(`the software adapter does not start on ${process.platform} ${process.arch}; `
      + "it is made for Linux on x64");
  }
  return fromAdapter(adapter, options, rest, fileStore());
}

const cell = new Int32Array(new SharedArrayBuffer(4));
let waiting = 0, resting = false;

/**
 * Dawn's addon asks for the GPU's answers once in every turn of Node's event loop, and turns it as fast as it will go:
 * a whole core, which a software adapter needs for itself.
 * While somebody waits, a turn therefore sleeps for half a millisecond.
 */
function rest(): () => void {
  const turn = () => {
    resting = waiting > 0;
    if (!resting) return;
    Atomics.wait(cell, 0, 0, 0.5);
    setImmediate(turn);
  };
  waiting++;
  if (!resting) { resting = true; setImmediate(turn); }
  return () => { waiting--; };
}

async function ask(dawn: Dawn, { robust = true }: NodeDeviceOptions): Promise<GPUAdapter | null> {
  // Timestamps in nanoseconds: nobody spies on this process by timing a GPU.
  const instance = dawn.create([
    "disable-dawn-features=timestamp_quantization", ...robust ? [] : ["enable-dawn-features=disable_robustness"],
  ]);
  instances.push(instance);
  return instance.requestAdapter({ powerPreference: "high-performance" });
}

/**
 * What is asked for while the environment names SwiftShader alone.
 * Where the system has no Vulkan loader, the package's own is loaded.
 */
function withSwiftShader<T>(ask: () => T): T {
  const folder = unpack(join(archives(), "swiftshader.tar.br")), { VK_ICD_FILENAMES: before } = process.env;
  process.env.VK_ICD_FILENAMES = join(folder, "vk_swiftshader_icd.json");
  try {
    // dlopen takes libraries that are no addons too: it complains, and the library stays.
    // 0x1002 = RTLD_NOW | RTLD_NODELETE.
    process.dlopen({ exports: {} } as unknown as NodeModule, join(folder, "libvulkan.so.1"), 0x1002);
  } catch { /* "did not self-register": as meant */ }
  try { return ask(); } finally {
    if (before === undefined) delete process.env.VK_ICD_FILENAMES;
    else process.env.VK_ICD_FILENAMES = before;
  }
}
