import { ConvoyError, OptionError, OutOfMemoryError } from "../errors.js";
import type { Device } from "./device.js";
import { root, type Tensor } from "./recorder.js";

const MAP_READ = 1, COPY_SRC = 4, COPY_DST = 8, STORAGE = 128;  // GPUBufferUsage, which Node and some lib.dom lack
/** Bytes that a binding sees at least, if its buffer has them: a tensor of three numbers may stand in for a vec4. */
export const LEAST = 16;

interface Layout {
  readonly places: ReadonlyMap<Tensor, { readonly buffer: number; readonly offset: number; readonly bytes: number }>;
  readonly buffers: readonly number[];
}
interface Binding { readonly buffer: GPUBuffer; readonly offset: number; readonly bytes: number }

/** The buffers of a plan. They are made all at once, checked, before anything runs. */
export class Memory {
  readonly #buffers: GPUBuffer[] = [];
  #layout: Layout = { places: new Map(), buffers: [] };
  #gone = false;

  constructor(readonly device: Device) {}

  get bytes(): number { return this.#buffers.reduce((sum, b) => sum + b.size, 0); }

  /**
   * Makes the buffers that a plan has and this memory has not, and writes its constants.
   * Makes none of them if one fails.
   */
  async grow(layout: Layout): Promise<void> {
    const { gpu } = this.device, made: GPUBuffer[] = [];
    gpu.pushErrorScope("validation");
    gpu.pushErrorScope("out-of-memory");
    for (const [i, size] of layout.buffers.entries()) if (i >= this.#buffers.length) made.push(gpu.createBuffer({
      label: `convoy buffer ${i}`, size: Math.max(LEAST, size), usage: STORAGE | COPY_SRC | COPY_DST,
    }));
    const [full, invalid] = await this.device.until(Promise.all([gpu.popErrorScope(), gpu.popErrorScope()]));
    if (full || invalid) {
      for (const buffer of made) buffer.destroy();
      const bytes = layout.buffers.reduce((a, b) => a + b, 0), size = (bytes / 2 ** 20).toFixed(1);
      if (full) throw new OutOfMemoryError(
        `the adapter has no room for ${size} MiB; use a smaller batch, or close what else uses the GPU`,
        { bytes }, full);
      throw new ConvoyError("gpu", `WebGPU refused a buffer: ${invalid!.message}`);
    }
    const known = this.#buffers.length;
    if (this.#gone) for (const buffer of made) buffer.destroy();
    this.check();
    this.#buffers.push(...made);
    this.#layout = layout;
    for (const [t, { buffer }] of layout.places) if (t.values && buffer >= known) this.write(t, t.values);
  }

  /** Takes back buffers that only a later plan had. */
  shrink(layout: Layout): void {
    this.#layout = layout;
    for (const buffer of this.#buffers.splice(layout.buffers.length)) buffer.destroy();
  }

  /** Throws what has happened to the device, or that this memory is no more. */
  check(): void {
    this.device.check();
    if (this.#gone) throw new OptionError("this was destroyed; make another");
  }

  at(t: Tensor): Binding {
    this.check();
    const place = this.#layout.places.get(t) ?? this.#layout.places.get(root(t));
    if (!place) throw new ConvoyError("plan", `${t.name} has no place in memory`);
    return { buffer: this.#buffers[place.buffer], offset: place.offset, bytes: 4 * t.size };
  }

  /** Queues values for a tensor, from byte `from` of it on. */
  write(t: Tensor, values: ArrayBufferView<ArrayBuffer>, from = 0): void {
    const { buffer, offset, bytes } = this.at(t);
    if (from + values.byteLength > bytes || values.byteLength % 4)
      throw new ConvoyError("plan", `${t.name} takes ${bytes} bytes, not ${from + values.byteLength}`);
    this.device.gpu.queue.writeBuffer(buffer, offset + from, values.buffer, values.byteOffset, values.byteLength);
  }

  /** What a tensor holds once everything queued so far has run. */
  async read(t: Tensor): Promise<Float32Array<ArrayBuffer>> {
    const { buffer, offset, bytes } = this.at(t), { gpu } = this.device;
    const staging = gpu.createBuffer({ label: `read ${t.name}`, size: bytes, usage: MAP_READ | COPY_DST });
    try {
      const encoder = gpu.createCommandEncoder({ label: `read ${t.name}` });
      encoder.copyBufferToBuffer(buffer, offset, staging, 0, bytes);
      gpu.queue.submit([encoder.finish()]);
      await this.device.until(staging.mapAsync(1));
      return new Float32Array(staging.getMappedRange().slice(0));
    } finally { staging.destroy(); }
  }

  /** A buffer of the plan, by its number. */
  buffer(number: number): GPUBuffer { return this.#buffers[number]; }

  destroy(): void {
    this.#gone = true;
    for (const buffer of this.#buffers) buffer.destroy();
  }
}

/**
 * Reads one small tensor again and again without ever making a buffer or a caller wait:
 * a few staging buffers take turns.
 */
export class Reader {
  readonly #idle: GPUBuffer[];
  #gone = false;

  constructor(readonly memory: Memory, readonly source: Tensor, turns = 3) {
    this.#idle = Array.from({ length: turns }, (_, i) => memory.device.gpu.createBuffer({
      label: `staging ${i} of ${source.name}`, size: 4 * source.size, usage: MAP_READ | COPY_DST,
    }));
  }

  /**
   * Adds the copy to a step's commands. Call the result after the submit: it gives the values when the GPU has them.
   */
  copy(encoder: GPUCommandEncoder): () => Promise<Float32Array> {
    const staging = this.#idle.pop();
    if (!staging) throw new ConvoyError("gpu", "all staging buffers are in use; await the rows of an earlier step");
    const { buffer, offset, bytes } = this.memory.at(this.source);
    encoder.copyBufferToBuffer(buffer, offset, staging, 0, bytes);
    return async () => {
      await this.memory.device.until(staging.mapAsync(1));
      const values = new Float32Array(staging.getMappedRange().slice(0));
      staging.unmap();
      this.#idle.push(staging);
      if (this.#gone) this.destroy();
      return values;
    };
  }

  /** Those that are on their way are freed when they arrive. */
  destroy(): void {
    this.#gone = true;
    for (const buffer of this.#idle) buffer.destroy();
  }
}
