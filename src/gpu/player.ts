import { ConvoyError } from "../errors.js";
import type { Device } from "./device.js";
import { bake, pack, PARAMS } from "./kernel.js";
import type { Memory } from "./memory.js";
import type { Grid, Step } from "./recorder.js";

const COPY_DST = 8, UNIFORM = 64;  // GPUBufferUsage
const ALIGN = 256;                 // bytes between the Params of two steps: WebGPU's default alignment of uniform offsets

interface Dispatch { readonly pipeline: GPUComputePipeline; readonly group: GPUBindGroup; readonly grid: Grid }

/** Steps made ready to play: every pipeline compiled, every bind group made, all Params in one buffer. */
export class Player {
  private constructor(
    readonly device: Device, readonly label: string, readonly steps: readonly Step[],
    readonly dispatches: readonly Dispatch[], readonly params: GPUBuffer,
  ) {}

  /** Compiles all pipelines at once; the memory must have a place for every tensor. */
  static async prepare(memory: Memory, label: string, steps: readonly Step[]): Promise<Player> {
    const { device } = memory, { gpu } = device;
    device.check();
    gpu.pushErrorScope("validation");
    let dispatches: Dispatch[] = [];
    const params = gpu.createBuffer({ label: `${label}: params`, size: ALIGN * Math.max(1, steps.length), usage: UNIFORM | COPY_DST });
    const view = new DataView(new ArrayBuffer(params.size));
    const compiling = steps.map(async ({ kernel, tensors, params: values, overrides, grid, path }, i) => {
      const bindings = Object.entries(kernel.bindings);
      pack(kernel, values, view, ALIGN * i);
      const layout = device.layout([...bindings.map(([, [binding, access]]) => [binding, access === "read" ? "read-only-storage" : "storage"] as const), [PARAMS, "uniform"]]);
      const group = gpu.createBindGroup({ label: `${path} ${kernel.entry} #${i}`, layout, entries: [...bindings.map(([name, [binding]]) => {
        const { buffer, offset, bytes } = memory.at(tensors[name]);
        return { binding, resource: { buffer, offset, size: bytes } };
      }), { binding: PARAMS, resource: { buffer: params, offset: ALIGN * i, size: ALIGN } }] });
      return { group, grid, pipeline: await device.pipeline(bake(kernel.code, overrides), kernel.entry, layout) };
    });
    gpu.queue.writeBuffer(params, 0, view.buffer);
    const scope = gpu.popErrorScope();
    const results = await device.until(Promise.allSettled(compiling));
    for (const r of results) if (r.status === "rejected") { params.destroy(); throw r.reason; }
    dispatches = results.map((r) => (r as PromiseFulfilledResult<Dispatch>).value);
    const error = await device.until(scope);
    if (error) throw new ConvoyError("gpu", `${label} cannot be played: ${error.message}`);
    return new Player(device, label, steps, dispatches, params);
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

  /** One encoder, one pass, one submit. `also` may add copies behind the pass. */
  play(also?: (encoder: GPUCommandEncoder) => void): void {
    const { gpu } = this.device;
    const encoder = gpu.createCommandEncoder({ label: this.label });
    const pass = encoder.beginComputePass({ label: this.label });
    this.encode(pass);
    pass.end();
    also?.(encoder);
    gpu.queue.submit([encoder.finish()]);
  }

  destroy(): void { this.params.destroy(); }
}
