import type { Fusing, Recorder, Shape, Tensor } from "../gpu/recorder.js";
import { OptionError, ShapeError } from "../errors.js";
import type { Value } from "../graph.js";
import { positive } from "../options.js";
import type { Fan, Init } from "./init.js";

/** A parameter, or a running statistic: its shape in memory, its first values, and how PyTorch lays it out. */
export interface ParamSpec {
  readonly shape: Shape;
  readonly init: Init;
  readonly fan: Fan;
  /** Axis i of `shape` is axis torch[i] of PyTorch's tensor. Default: the same order. */
  readonly torch?: readonly number[];
  /** The axis that runs over the features of x, whose order after a flatten is H, W, C here and C, H, W there. */
  readonly features?: number;
}

/** What a forward pass is recorded for: training or not. */
export interface Mode {
  /** Whether batch statistics and dropout behave as in training. */
  readonly training: boolean;
  /** The Clock of lib/clock.wgsl, in training: step and seed, for layers that draw numbers. */
  readonly clock?: Tensor;
  /**
   * The layer's number, set by the graph, which counts from what it is given:
   * layers, and passes of a step, draw different numbers.
   */
  readonly stream?: number;
}

/**
 * A layer is a value: it owns no memory and no device. P names its parameters, S what its forward pass saves for its
 * backward pass, I its inputs, T its running statistics. A gradient is always its tensor's name with a d in front.
 */
export type Layer<
  P extends string = never, S extends string = never, I extends string = "x", T extends string = never,
> = {
  readonly name: string;
  /** Default ["x"]. */
  readonly inputs?: readonly I[];
  /** False: its parameters and running statistics stay as they are, as in freeze(layer). */
  readonly requiresGrad?: boolean;
  /** What fuse.ts is to do with its steps beyond what it does with all. */
  readonly fusing?: Fusing;
  /** Shape of y for inputs of these shapes. Throws a ShapeError if they do not fit. */
  shape(...inputs: Shape[]): Shape;
  /**
   * Throws a ShapeError where inputs of these shapes can be evaluated but not trained on (batch norm of one value a
   * channel).
   */
  checkTrainable?(...inputs: Shape[]): void;
  /** Learned tensors, for inputs of these shapes. */
  params?(...inputs: Shape[]): Record<P, ParamSpec>;
  /** Running statistics: kept from step to step, never learned. */
  state?(...inputs: Shape[]): Record<T, ParamSpec>;
  /** What the forward pass writes for the backward pass, by name. */
  saved?(...inputs: Shape[]): Record<S, Shape>;
} & ({
  /** Records y ← inputs. */
  forward(rec: Recorder, t: Record<I | "y" | P | S | T, Tensor>, mode: Mode): void;
  /** Records dinputs, dparams ← dy. Overwrites, never adds. A gradient that nobody needs is absent. */
  backward(
    rec: Recorder, t: Record<I | "y" | "dy" | P | S | T, Tensor> & Partial<Record<`d${I | P}`, Tensor>>, mode: Mode,
  ): void;
} | {
  /** Records y ← inputs. */
  forward(rec: Recorder, t: Record<I | "y" | P | S | T, Tensor>, mode: Mode): void;
  /** The gradient of every input is dy itself (add): the graph hands dy on. */
  readonly backward: "dy";
} | {
  /** y is x with another shape: no kernel runs in either direction. */
  readonly view: true;
});

/** A shape in PyTorch's order: [N, H, W, C] → [N, C, H, W], others as they are. */
export const channelsFirst = (shape: Shape): number[] =>
  shape.length === 4 ? [shape[0], shape[3], shape[1], shape[2]] : [...shape];
/** It as users read it in messages. */
export const nchw = (shape: Shape) => `[${channelsFirst(shape).join(", ")}]`;

export function needs4d(shape: Shape): void {
  if (shape.length !== 4) throw new ShapeError(
    `expected [N, C, H, W], got ${nchw(shape)}; a flatten or linear layer before this one is too early`,
    { got: shape });
}

/** Throws an OptionError where what a function of values was given is none. */
export function checkValues(name: string, values: readonly (Value | undefined)[]): void {
  const odd = values.findIndex((value) => !value?.graph);
  if (odd >= 0) throw new OptionError(`${name} takes the values that layers give; argument ${odd + 1} is not one`);
}

/** One number for both axes, or [height, width]. */
export type Pair = number | readonly [height: number, width: number];

/** Both numbers, made sure to be whole and `least` or more. */
export function pair(name: string, value: Pair, least: number): readonly [number, number] {
  const [a, b] = Array.isArray(value) ? value : [value, value];
  positive(name, a, least);
  positive(name, b, least);
  return [a, b];
}
