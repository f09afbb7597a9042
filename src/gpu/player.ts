import { ConvoyError } from "../errors.js";
import { bake, pack, PARAMS } from "./kernel.js";
import { LEAST, type Memory } from "./memory.js";
import type { Grid, Step } from "./recorder.js";

const COPY_DST = 8, UNIFORM = 64;  // GPUBufferUsage
/** Bytes between the Params of two steps: WebGPU's default alignment of uniform offsets. */
const ALIGN = 256;
/** Multiply-adds of a submit: a second on a slow GPU, which drivers take away after a few. */
const AT_ONCE = 2 ** 37;

/**
 * Where the submits of a program end: all in one, unless its
 * multiply-adds are so many that a slow GPU would be at them for seconds.
 */
export function submits(steps: readonly Step[]): number[] {
  const ends: number[] = [];
  let sum = 0;
  for (const [i, { params: { N = 1, P = 1, Q = 1, K = 1, R = 1, S = 1, C = 1, D = C } }] of steps.entries()) {
    const work = N * P * Q * K * R * S * D;
    if (sum && sum + work > AT_ONCE) { ends.push(i); sum = 0; }
    sum += work;
  }
  return [...ends, steps.length];
}

interface Dispatch { readonly pipeline: GPUComputePipeline; readonly group: GPUBindGroup; readonly grid: Grid }

/** Steps made ready to play: every pipeline compiled, every bind group made, all Params in one buffer. */
export class Player {
  readonly ends = submits(this.steps);

  private constructor(
    readonly memory: Memory, readonly label: string, readonly steps: readonly Step[],
    readonly dispatches: readonly Dispatch[], readonly params: GPUBuffer,
  ) {}

  /** Compiles all pipelines at once; the memory must have a place for every tensor. */
  static async prepare(memory: Memory, label: string, steps: readonly Step[]): Promise<Player> {
    const { device } = memory, { gpu } = device;
    device.check();
    gpu.pushErrorScope("validation");
    const params = gpu.createBuffer({
      label: `${label}: params`, size: ALIGN * Math.max(1, steps.length), usage: UNIFORM | COPY_DST,
    });
    const view = new DataView(new ArrayBuffer(params.size));
    const compiling = steps.map(async ({ kernel, tensors, params: values, overrides, grid, path }, i) => {
      const bindings = Object.entries(kernel.bindings);
      pack(kernel, values, view, ALIGN * i);
      const layout = device.layout([
        ...bindings.map(([, [binding, access]]) =>
          [binding, access === "read" ? "read-only-storage" : "storage"] as const),
        [PARAMS, "uniform"],
      ]);
      const group = gpu.createBindGroup({ label: `${path} ${kernel.entry} #${i}`, layout, entries: [
        ...bindings.map(([name, [binding]]) => {
          const { buffer, offset, bytes } = memory.at(tensors[name]);
          const size = Math.max(bytes, Math.min(LEAST, buffer.size - offset));
          return { binding, resource: { buffer, offset, size } };
        }),
        { binding: PARAMS, resource: { buffer: params, offset: ALIGN * i, size: ALIGN } },
      ] });
      return {
        group, grid,
        pipeline: await device.pipeline(bake(kernel.code, overrides), kernel.entry, layout, kernel.origin),
      };
    });
    gpu.queue.writeBuffer(params, 0, view.buffer);
    const scope = gpu.popErrorScope();
    try {
      const results = await device.until(Promise.allSettled(compiling));
      const dispatches = results.map((r) => { if (r.status === "rejected") throw r.reason; else return r.value; });
      const error = await device.until(scope);
      if (error) throw new ConvoyError("gpu", `${label} cannot be played: ${error.message}`);
      return new Player(memory, label, steps, dispatches, params);
    } catch (e) { params.destroy(); throw e; }
  }

  /** Puts dispatches into the pass, all of them or some. Makes nothing. */
  encode(pass: GPUComputePassEncoder, from = 0, to = this.dispatches.length): void {
    let last: GPUComputePipeline | undefined;
    for (let i = from; i < to; i++) {
      const { pipeline, group, grid } = this.dispatches[i];
      if (pipeline !== last) pass.setPipeline(last = pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(grid[0], grid[1], grid[2]);
    }
  }

  /** One encoder, one pass, one submit; of a long program, more. `also` may add copies behind the last pass. */
  play(also?: (encoder: GPUCommandEncoder) => void): void {
    const { label, ends, memory } = this, { gpu } = memory.device;
    memory.check();
    let from = 0;
    for (const to of ends) {
      const encoder = gpu.createCommandEncoder({ label }), pass = encoder.beginComputePass({ label });
      this.encode(pass, from, to);
      pass.end();
      if (to === this.dispatches.length) also?.(encoder);
      gpu.queue.submit([encoder.finish()]);
      from = to;
    }
  }

  destroy(): void { this.params.destroy(); }
}
