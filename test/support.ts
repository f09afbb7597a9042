// What kernel tests share: two devices, one way to run a kernel on either, and the comparisons with its twin.
import { expect } from "vitest";
import { WgslExec, WgslParser } from "wgsl_reflect/wgsl_reflect.module.js";
import type { Device } from "../src/gpu/device.js";
import { bake, pack, PARAMS, type Kernel } from "../src/gpu/kernel.js";
import { Memory } from "../src/gpu/memory.js";
import { Player } from "../src/gpu/player.js";
import { Recorder, tensor, type Grid, type Step, type Tensor } from "../src/gpu/recorder.js";
import { openDevice } from "../src/node/device.js";
import { plan } from "../src/plan.js";
import { random } from "./numbers.js";

export * from "./close.js";
export * from "./numbers.js";

export type Values = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
/** Plays one step on data, one array for each tensor; returns what it wrote into `outputs`. */
export type Runner = (step: Step, data: ReadonlyMap<Tensor, Values>, outputs: readonly Tensor[]) => Promise<Values[]>;

/** wgsl_reflect's interpreter: no GPU, slow, throws where an access is out of bounds. Kernels without barriers only. */
export const interpreter: Runner = async ({ kernel, tensors, params, overrides, grid }, data, outputs) => {
  const tensorsAt = Object.entries(kernel.bindings).map(([name, [binding]]) => [binding, data.get(tensors[name])]);
  const uniform = new DataView(new ArrayBuffer(256));
  pack(kernel, params, uniform);
  const program = WgslParser.Parse(bake(kernel.code, overrides));
  const group0 = { ...Object.fromEntries(tensorsAt), [PARAMS]: { uniform: new Uint32Array(uniform.buffer) } };
  new WgslExec(program).dispatchWorkgroups(kernel.entry, [...grid], { 0: group0 });
  return outputs.map((t) => data.get(t)!);
};

/** The device under test, by way of plan, memory and player. */
export const gpu: Runner = async (step, data, outputs) => {
  const device = await openTestDevice();
  return checked(device, async () => {
    const memory = new Memory(device);
    await memory.grow(plan([[step]], [...data.keys()].map((whole) => ({ whole, parts: new Map() }))));
    for (const [t, values] of data) memory.write(t, values);
    const player = await Player.prepare(memory, step.kernel.entry, [step]);
    player.play();
    const results: Values[] = [];
    for (const t of outputs) {
      const values = await memory.read(t) as Float32Array<ArrayBuffer>;
      results.push(data.get(t) instanceof Uint32Array ? new Uint32Array(values.buffer) : values);
    }
    player.destroy();
    memory.destroy();
    return results;
  });
};

export const runners: Readonly<Record<string, Runner>> = { interpreter, gpu };
/** Those that can run a kernel of this WIDTH. */
export const able = (WIDTH: number): string[] => Object.keys(runners).filter((where) => WIDTH === 1 || where === "gpu");

let opened: Promise<Device> | undefined;
/** One device for all files of a process, by CONVOY_ADAPTER. A missing adapter fails, it does not skip. */
export const openTestDevice = (): Promise<Device> => opened ??= openDevice();

/** Runs f inside a validation scope. */
export async function checked<T>(device: Device, f: () => Promise<T>): Promise<T> {
  device.gpu.pushErrorScope("validation");
  let result: T;
  try { result = await f(); } catch (e) { await device.gpu.popErrorScope(); throw e; }
  expect((await device.gpu.popErrorScope())?.message).toBeUndefined();
  return result;
}

const UNWRITTEN = 0x7fc0dead;  // a NaN, and no index

/**
 * Runs one kernel. Its tensors are bound by name: `values`, or for what is only in `sizes` (elements) a NaN pattern, so
 * that a kernel that does not run cannot pass; what is in neither, the kernel must not need. Arrays given twice are one
 * tensor. Returns what is in `sizes`.
 */
export async function run<Out extends string>(
  runner: Runner, kernel: Kernel, values: Readonly<Record<string, ArrayLike<number>>>, sizes: Record<Out, number>,
  params: Readonly<Record<string, number>>, work?: number | Grid,
): Promise<Record<Out, Values>> {
  const data = new Map<Tensor, Values>(), known = new Map<ArrayLike<number>, Tensor>();
  const tensors: Record<string, Tensor> = {};
  const extents: Record<string, number> = sizes, names = Object.keys(sizes) as Out[];
  for (const name of Object.keys(kernel.bindings)) {
    const given = values[name] ?? new Uint32Array(extents[name] ?? 4).fill(UNWRITTEN);
    const integers = new RegExp(`\\b${name}: ?array<u32>`).test(kernel.code);
    const t = known.get(given) ?? tensor(name, [given.length]);
    if (!values[name]) {
      const pattern = given as Uint32Array<ArrayBuffer>;
      data.set(t, integers ? pattern : new Float32Array(pattern.buffer));
    } else if (!known.has(given)) {
      data.set(t, integers || given instanceof Uint32Array ? Uint32Array.from(given) : Float32Array.from(given));
    }
    known.set(given, tensors[name] = t);
  }
  const rec = new Recorder();
  rec.dispatch(kernel, tensors, { ...params }, work ?? extents[names[0]]);
  const results = await runner(rec.steps[0], data, names.map((name) => tensors[name]));
  return Object.fromEntries(names.map((name, i) => [name, results[i]])) as Record<Out, Values>;
}

/** The storage struct of shaders/lib/clock.wgsl. */
export function clock(of: { step?: number; seed?: number; row?: number; lr?: number }): Uint32Array<ArrayBuffer> {
  const [lr] = new Uint32Array(Float32Array.of(of.lr ?? 0).buffer);
  return Uint32Array.of(of.step ?? 0, of.seed ?? 0, of.row ?? 0, lr);
}

/**
 * What fuse.ts may put behind a backward kernel, as parameters and tensors, and what it makes of dx:
 * (dx + addend) · relu′(z).
 */
export function epilogue(size: number) {
  const addend = random(8, size), z = random(9, size);
  const of = (dx: Float64Array) => dx.map((v, i) => z[i] > 0 ? v + addend[i] : 0);
  return { params: { ADDEND: 1, SLOPE: 1, fused: 3 }, values: { addend, z }, of };
}

/** Workgroups for n invocations, in three rows: what fold() does past 65,535 workgroups. */
export const threeRows = (n: number): Grid => [Math.ceil(n / 64 / 3), 3, 1];
/** Rows of workgroups, counted by y and z: what rowGrid() does past 65,535. */
export const threefold = ([x, y]: Grid): Grid => [x, Math.ceil(y / 3), 3];
