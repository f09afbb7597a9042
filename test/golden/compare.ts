// What the golden vectors of operators and of models share: their inputs, and how close is close.
import { elements } from "../../src/gpu/recorder.js";
import { largest, random } from "../numbers.js";

/** How to make an input's numbers, element by element in PyTorch's order. */
export interface Input { seed: number; shape: number[]; kind: "signed" | "unit"; scale: number }
/** One quantity of one case. `unsupported`: Convoy has no such operator or family. */
export interface Check { name: string; op: string; error: number; tolerance: number; ok: boolean; unsupported?: string }

/** The numbers of an input, in PyTorch's order. */
export function values({ seed, shape, kind, scale }: Input): Float32Array<ArrayBuffer> {
  return Float32Array.from(random(seed, elements(shape)), (u) => kind === "unit" ? (u + 1) / 2 * scale : u * scale);
}

/** The larger of ‖got − want‖ / ‖want‖ and of the worst entry's error over the largest entry. */
export function difference(got: ArrayLike<number>, want: ArrayLike<number>): number {
  if (got.length !== want.length) return Infinity;
  const off = Array.from(want, (v, i) => got[i] - v), ratio = (a: number, b: number) => a === 0 ? 0 : a / b;
  const norms = ratio(Math.hypot(...off), Math.hypot(...Array.from(want)));
  const error = Math.max(norms, ratio(largest(off), largest(want)));
  return Number.isNaN(error) ? Infinity : error;
}

/** The order of axes that turns PyTorch's activations into ours: NCHW → NHWC. */
export const activation = (shape: readonly number[]) =>
  shape.length === 4 ? [0, 2, 3, 1] : shape.map((_, axis) => axis);
/** A shape of PyTorch's in our order. */
export const toShape = (shape: readonly number[]) => activation(shape).map((axis) => shape[axis]);
