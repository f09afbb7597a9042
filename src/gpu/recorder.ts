import { LimitError } from "../errors.js";
import type { Access, Kernel, Params } from "./kernel.js";

/** Extents, the slowest axis first: activations are [N, H, W, C] or [N, features]. */
export type Shape = readonly number[];

/**
 * A value in the recording: no memory yet, that is plan.ts's business. Every element takes four bytes. A tensor `of`
 * another is the same memory seen with another shape, or its elements from `offset` on.
 * One with `values` is a constant.
 */
export interface Tensor {
  readonly name: string;
  readonly shape: Shape;
  readonly size: number;
  readonly of?: Tensor;
  readonly offset?: number;
  readonly values?: Uint32Array<ArrayBuffer>;
}
/** How many workgroups a dispatch has. */
export type Grid = readonly [x: number, y: number, z: number];

export const elements = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);
/** Work of a kernel whose invocations take four Values each. */
export const byFours = (size: number): number => Math.ceil(size / 4);
/** The next size at which another tensor can begin: WebGPU's default alignment of storage offsets is 256 bytes. */
export const align = (size: number): number => Math.ceil(size / 64) * 64;
/** A tensor to be planned: as yet a name and extents. `of` is the memory it lies in, if that is another tensor's. */
export const tensor = (name: string, shape: Shape, of?: Tensor): Tensor => ({ name, shape, size: elements(shape), of });
/** The tensor whose memory this one is. */
export const root = (t: Tensor): Tensor => t.of ? root(t.of) : t;

/** One dispatch, as data: it can be printed, counted, tested, replayed. */
export interface Step {
  /** Path of the layer that recorded it: "features.3". */
  readonly path: string;
  /** The rung of a ladder that this is, or is part of, and the names of all that would have done. */
  readonly rung?: string;
  readonly rungs?: readonly string[];
  /** Operator and extents, where a tuner may choose between rungs: "conv2d forward: N64 H28 …". */
  readonly key?: string;
  readonly kernel: Kernel;
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly params: Readonly<Record<string, number>>;
  readonly overrides: Readonly<Record<string, number>>;
  readonly grid: Grid;
}

/** What a step reads, or writes, without views; each once. */
export function touched({ kernel, tensors }: Step, how: Access): Tensor[] {
  const bound = Object.entries(kernel.bindings).filter(([, [, access]]) => access === how);
  return [...new Set(bound.map(([name]) => root(tensors[name])))];
}

/** The steps, but for some that become others or, where that is undefined, are left out. */
export const replaced = (steps: readonly Step[], by: ReadonlyMap<Step, Step | undefined>): Step[] =>
  steps.flatMap((step) => (by.has(step) ? by.get(step) : step) ?? []);

/**
 * Several long-lived tensors in one buffer, and from which element on each lies there:
 * each can be bound by itself, and all of them as `whole`.
 */
export interface Arena { readonly whole: Tensor; readonly parts: ReadonlyMap<Tensor, number> }

/**
 * How steps of a layer become fewer: what fuse.ts does, over a whole recording, before and after its own.
 * A page that has no such layer does without.
 */
export interface Fusing {
  /** On the recording as it is. */
  before?(steps: readonly Step[], lasting: readonly Arena[]): readonly Step[];
  /** On what fuse.ts has made of it. */
  after?(steps: readonly Step[]): readonly Step[];
}

const MAX = 65535;  // workgroups along one axis, whatever the GPU

/**
 * Workgroups for n invocations, folded into y past MAX;
 * each kernel undoes it in its first line, or takes no more than one row.
 */
export function fold(n: number, workgroup: number, rows = MAX): Grid {
  const groups = Math.ceil(n / workgroup), y = Math.ceil(groups / MAX);
  if (y > rows || n >= 2 ** 32) throw new LimitError(
    `${n} invocations are more than ${rows < 2 ? "a kernel without num_workgroups" : "one dispatch"} takes; `
      + "use a smaller batch", { invocations: n });
  return [Math.ceil(groups / y), y, 1];
}

/** What a recording may know of the adapter it is made for. */
export interface Target {
  /**
   * Subgroup size on a software adapter whose subgroups all have one size; undefined on every GPU (targetOf()), where
   * kernels by subgroup broadcast are not offered.
   */
  readonly lanes?: number;
  /** Whether the adapter is a GPU: it takes many invocations at once. Default false. */
  readonly gpu?: boolean;
  /** Invocations of a workgroup, at most: 128 in WebGPU's compatibility mode. Default 256. */
  readonly invocations?: number;
  /** Workgroups that keep the adapter busy: how finely long sums are split. Default 32. */
  readonly tasks?: number;
  /** A rung to take wherever it fits, whatever the order says. */
  readonly rung?: string;
  /** The rung that was measured to be the best for a key; it is taken where it fits. */
  choice?(key: string): string | undefined;
}

/**
 * One way to compute an operator. Rungs of a ladder give the same result up to rounding;
 * the last one takes every shape.
 */
export interface Rung<D, T extends string> {
  readonly name: string;
  fits(d: D, target: Target): boolean;
  record(rec: Recorder, t: Record<T, Tensor>, d: D): void;
}

/** The rung of this name or, where there is none, the first. */
export const pick = <R extends { readonly name: string }>(rungs: readonly R[], wanted?: string): R =>
  rungs.find(({ name }) => name === wanted) ?? rungs[0];

/** What layers, losses and optimizers record into: the steps of a program, in their order. Knows no device. */
export class Recorder {
  readonly steps: Step[] = [];
  #path = "";
  #climbed: Pick<Step, "rung" | "rungs" | "key"> = {};

  constructor(readonly target: Target = {}) {}

  /**
   * Records an operator by the first rung that fits its extents and the target. With a name, an operator has a key, and
   * the target may choose another by it; passes that must take the same rung,
   * since one reads what the other has saved, share a name.
   */
  climb<D, T extends string>(ladder: readonly Rung<D, T>[], t: Record<T, Tensor>, d: D, operator?: string): void {
    const { target } = this, fitting = ladder.filter((rung) => rung.fits(d, target));
    const key = operator && `${operator}: ${
      Object.entries(d as object).map(([letter, extent]) => `${letter}${Number(extent)}`).join(" ")}`;
    const chosen = pick(fitting, target.rung ?? (key && target.choice?.(key)));
    this.#climbed = { rung: chosen.name, rungs: fitting.map(({ name }) => name), key };
    try { chosen.record(this, t, d); } finally { this.#climbed = {}; }
  }

  /**
   * Channels, or elements, that an invocation of an elementwise kernel takes:
   * 4 where all these extents divide by it, else 1, as in the plain rung.
   */
  wide(...extents: number[]): 1 | 4 {
    return this.target.rung === "plain" || extents.some((e) => e % 4) ? 1 : 4;
  }

  /** Runs f; the steps it records belong to the layer at this path. */
  within(path: string, f: () => void): void {
    const outer = this.#path;
    this.#path = path;
    try { f(); } finally { this.#path = outer; }
  }

  /**
   * Appends one dispatch. `work` is a number of invocations (of elements, where the kernel has a WIDTH), or a grid of
   * workgroups. `params` holds every letter the shader names; the shader alone decides which of them are uniforms and
   * which are baked into its text. More than 65,535 workgroups go on in y, which the kernel undoes:
   * `let i = id.y * groups.x * WORKGROUP + id.x;` of its global_invocation_id and num_workgroups.
   * Throws a LimitError where a kernel() takes no num_workgroups.
   */
  dispatch<B extends string, P extends string, O extends string>(
    kernel: Kernel<B, P, O>, tensors: Record<B, Tensor>, params: Params<P, O>, work: number | Grid,
  ): void {
    const overrides: Record<string, number> = { ...kernel.overrides };
    for (const [name, value] of Object.entries<number>(params))
      if (Object.hasOwn(overrides, name)) overrides[name] = value;
    const grid = typeof work === "number"
      ? fold(work / (overrides.WIDTH ?? 1), overrides.WORKGROUP, kernel.rows)
      : work;
    this.steps.push({
      path: this.#path, ...this.#climbed, kernel, tensors, params: { fused: 0, ...params }, overrides, grid,
    });
  }
}
