import { AdapterError, ConvoyError, DeviceLostError, ShaderError } from "../errors.js";
import type { Target } from "./recorder.js";

/** What kernels and people need to know of an adapter. */
export interface Adapter {
  /** As the driver calls it: "llvmpipe (LLVM 15.0.6, 256 bits)". */
  readonly name: string;
  readonly vendor: string;
  readonly architecture: string;
  /** All that the driver says of itself, in one line. */
  readonly id: string;
  /** Runs on the CPU: everything works, nothing is fast. */
  readonly software: boolean;
  /** Smallest and largest subgroup, or undefined where kernels cannot use them. */
  readonly subgroups?: readonly [min: number, max: number];
  /** Whether shader-f16 is enabled; no kernel of Convoy's uses it. */
  readonly f16: boolean;
  readonly timestamps: boolean;
  readonly limits: {
    /** Bytes of the largest buffer, and of the largest range one binding may see. */
    readonly buffer: number; readonly binding: number;
    readonly storageBuffers: number; readonly workgroupBytes: number; readonly invocations: number;
  };
}

/** Where texts are kept from one run to the next: localStorage in a page, a file in Node. */
export interface Store {
  /** The text, if there is one. */
  get(key: string): Promise<string | undefined>;
  /** Keeps it in place of what was there. */
  set(key: string, text: string): Promise<void>;
}

/** What openDevice() takes. */
export interface DeviceOptions {
  /** "real" (default) asks for all the adapter has; "default" stays at what every WebGPU device promises. */
  limits?: "real" | "default";
}

const OPTIONAL = ["timestamp-query", "subgroups", "shader-f16"] as const;
const LIMITS = [
  "maxBufferSize", "maxStorageBufferBindingSize", "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize", "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX", "maxComputeWorkgroupSizeY",
] as const;

/** A GPUDevice, what is known of its adapter, and the pipelines made so far: the same text is compiled once. */
export class Device {
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  readonly #modules = new Map<string, GPUShaderModule>();
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();
  /** Ends the waits of this moment. A race with gpu.lost, which hardly ever settles, would keep them all for good. */
  readonly #waits = new Set<(cause: ConvoyError) => void>();
  #lost?: ConvoyError;
  #refused?: ConvoyError;  // told once, to whoever waits or plays next

  /** `store` keeps what was measured here. */
  constructor(
    readonly gpu: GPUDevice, readonly adapter: Adapter,
    /** Called at the beginning of a wait for the GPU; what it returns, at the end. */
    readonly rest?: () => () => void, readonly store?: Store,
  ) {
    void gpu.lost.then(({ reason, message }) => {
      const failure = this.#lost = new DeviceLostError(reason === "destroyed"
        ? "the device was destroyed; open another with openDevice()"
        : `the device was lost (${message || reason || "no reason given"}); `
          + "open another with openDevice(), or reload the page", { reason });
      for (const end of this.#waits) end(failure);
    });
    gpu.addEventListener?.("uncapturederror", (event) => {
      event.preventDefault();
      this.#refused ??= new ConvoyError("gpu", `WebGPU refused a command: ${event.error.message}; `
        + "a bug in Convoy, a custom kernel, or what else uses this device");
    });
  }

  /** Throws what has happened to the device, if anything has. */
  check(): void {
    const failure = this.#lost ?? this.#refused;
    this.#refused = undefined;
    if (failure) throw failure;
  }

  /**
   * Waits for a promise of the GPU. A lost device ends the wait: on one, WebGPU's own promises may resolve as if all
   * were well. `busy`: whether the GPU is at work meanwhile.
   */
  async until<T>(promise: Promise<T>, busy = true): Promise<T> {
    const wake = busy ? this.rest?.() : undefined;
    let end!: (cause: ConvoyError) => void;
    try {
      const value = await new Promise<T>((resolve, reject) => {
        this.#waits.add(end = reject);
        promise.then(resolve, reject);
        if (this.#lost) reject(this.#lost);
      });
      this.check();
      return value;
    } finally { this.#waits.delete(end); wake?.(); }
  }

  /** The bind group layout of these bindings, made once. */
  layout(entries: readonly (readonly [binding: number, type: GPUBufferBindingType])[]): GPUBindGroupLayout {
    const key = JSON.stringify(entries);
    let layout = this.#layouts.get(key);
    if (!layout) this.#layouts.set(key, layout = this.gpu.createBindGroupLayout({
      label: key,
      entries: entries.map(([binding, type]) => ({ binding, visibility: 4 /* compute */, buffer: { type } })),
    }));
    return layout;
  }

  /**
   * The pipeline of an entry point, compiled once. Throws a ShaderError with what the compiler says,
   * by line (of the source, if `origin` tells it) and column.
   */
  pipeline(
    code: string, entry: string, layout: GPUBindGroupLayout, origin?: readonly number[],
  ): Promise<GPUComputePipeline> {
    const key = `${entry}\n${code}`;
    let pipeline = this.#pipelines.get(key);
    if (!pipeline) this.#pipelines.set(key, pipeline = this.#compile(code, entry, layout, origin));
    return pipeline;
  }

  async #compile(
    code: string, entry: string, layout: GPUBindGroupLayout, origin?: readonly number[],
  ): Promise<GPUComputePipeline> {
    const module = this.#modules.get(code) ?? this.gpu.createShaderModule({ label: entry, code });
    this.#modules.set(code, module);
    try {
      return await this.gpu.createComputePipelineAsync({
        label: entry, layout: this.gpu.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module, entryPoint: entry },
      });
    } catch (cause) {
      this.check();
      const { messages } = await module.getCompilationInfo();
      const errors = messages.filter((m) => m.type === "error").map(({ lineNum, linePos, message }) => ({
        line: origin?.[lineNum - 1] ?? lineNum, column: linePos,
        message: `${message} (${code.split("\n")[lineNum - 1]?.trim()})`,
      }));
      throw new ShaderError(errors.length
        ? `${entry} does not compile: ${errors.map((e) => `${e.line}:${e.column} ${e.message}`).join("; ")}`
        : `${entry} cannot be made into a pipeline: ${(cause as Error).message}`, { entry, errors }, cause);
    }
  }

  /** Frees everything that was made on this device. */
  destroy(): void { this.gpu.destroy(); }
}

/** Makes a device of an adapter. WebGPU allows this once per adapter. */
export async function fromAdapter(
  adapter: GPUAdapter, { limits = "real" }: DeviceOptions = {}, rest?: () => () => void, store?: Store,
): Promise<Device> {
  const requiredLimits = limits === "default"
    ? {}
    : Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]]));
  const requiredFeatures = OPTIONAL.filter((feature) => adapter.features.has(feature));
  let gpu: GPUDevice;
  try {
    gpu = await adapter.requestDevice({ label: "convoy", requiredLimits, requiredFeatures });
  } catch (cause) {
    throw new AdapterError(`the adapter gave no device: ${(cause as Error).message}; ask for a new adapter`, {}, cause);
  }
  return new Device(gpu, adapterOf(gpu, gpu.adapterInfo ?? adapter.info), rest, store);
}

function adapterOf(gpu: GPUDevice, info: GPUAdapterInfo): Adapter {
  const has = (feature: string) => gpu.features.has(feature as GPUFeatureName);
  const name = info.description || info.device || [info.vendor, info.architecture].filter(Boolean).join(" ")
    || "unnamed adapter";
  return {
    name, vendor: info.vendor, architecture: info.architecture,
    id: [info.vendor, info.architecture, info.device, info.description].join(" | "),
    software: info.isFallbackAdapter
      || /swiftshader|llvmpipe|lavapipe|basic render/i.test(`${name} ${info.architecture}`),
    subgroups: has("subgroups") ? [info.subgroupMinSize ?? 4, info.subgroupMaxSize ?? 128] : undefined,
    f16: has("shader-f16"), timestamps: has("timestamp-query"),
    limits: {
      buffer: gpu.limits.maxBufferSize,
      binding: Math.min(gpu.limits.maxStorageBufferBindingSize, gpu.limits.maxBufferSize),
      storageBuffers: gpu.limits.maxStorageBuffersPerShaderStage,
      workgroupBytes: gpu.limits.maxComputeWorkgroupStorageSize,
      invocations: gpu.limits.maxComputeInvocationsPerWorkgroup,
    },
  };
}

/**
 * What recordings for this adapter may count on. Software adapters run lanes as SIMD and pay for barriers, so they get
 * subgroup kernels; 32 workgroups keep a few cores busy, 512 a GPU (reasoned, not measured).
 */
export function targetOf({ subgroups, software, limits: { invocations } }: Adapter): Target {
  const lanes = software && subgroups && subgroups[0] === subgroups[1] ? subgroups[0] : undefined;
  return { lanes, gpu: !software, invocations, tasks: software ? 32 : 512 };
}

/**
 * Opens the browser's GPU, in compatibility mode where there is no other. In Node, `openDevice` of convoy-gpu/node does
 * the same. Throws an AdapterError where there is none.
 */
export async function openDevice(options: DeviceOptions = {}): Promise<Device> {
  const gpu = globalThis.navigator?.gpu;
  if (!gpu) throw new AdapterError(globalThis.process?.versions?.node
    ? 'there is no WebGPU here; in Node, import openDevice from "convoy-gpu/node"; start Deno with --unstable-webgpu'
    : "this browser has no WebGPU; use a recent Chrome or Edge, or from Firefox 141 or Safari 26 on, "
      + "and a page from https or localhost");
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" })
    ?? await gpu.requestAdapter({ featureLevel: "compatibility" });  // all that old drivers have
  if (!adapter) throw new AdapterError(
    "WebGPU is here, but it found no adapter; update the graphics driver, or look into chrome://gpu");
  return fromAdapter(adapter, options, undefined, pageStore);
}

/** What pages of one origin keep. Workers have no localStorage, and a browser may refuse it: then nothing is kept. */
const pageStore: Store = {
  async get(key) { try { return globalThis.localStorage?.getItem(key) ?? undefined; } catch { return undefined; } },
  async set(key, text) { try { globalThis.localStorage?.setItem(key, text); } catch { /* full, or forbidden */ } },
};

/**
 * A device on your own GPUDevice, to share it with a renderer: Convoy never destroys it, and destroy() leaves it as it
 * is. Kernels are chosen by the features and limits that you asked its adapter for: "subgroups", "timestamp-query", and
 * the largest of buffers and bindings serve best. `info` is for browsers that do not tell a device's adapter.
 */
export function fromDevice(gpu: GPUDevice, info: GPUAdapterInfo | undefined = gpu.adapterInfo): Device {
  if (!info) throw new AdapterError("a device without adapterInfo; use fromDevice(gpu, adapter.info)");
  return Object.assign(new Device(gpu, adapterOf(gpu, info), undefined, pageStore), { destroy() {} });
}
