// The arithmetic of one output cell, written out in double precision, to be held beside what the GPU says.
import { convolves, weightOf, xOf, type Cell, type Setup } from "./setup.js";

/** One tap of the window: where it reads, what it finds there, and its weight. */
export interface Tap {
  readonly channel: number;
  /** Place in the window, and in the input, whose padding lies outside of 0 … size − 1. */
  readonly r: number; readonly s: number; readonly row: number; readonly column: number;
  readonly padding: boolean;
  readonly x: number;
  readonly weight: number;
}

/** The channels that a filter sees: all of them, or those of its group; a pooling sees its own. */
export function seen(setup: Setup, filter: number): number[] {
  const depth = convolves(setup) ? setup.channels / setup.groups : 1;
  const first = convolves(setup) ? Math.floor(filter / (setup.filters / setup.groups)) * depth : filter;
  return Array.from({ length: depth }, (_, i) => first + i);
}

/** All taps of an output cell, channel by channel, in rows. */
export function taps(setup: Setup, [filter, i, j]: Cell): Tap[] {
  const { size: [H, W], window: [R, S], stride, padding, dilation } = setup;
  const x = xOf(setup), weight = weightOf(setup), channels = seen(setup, filter), all: Tap[] = [];
  for (const [d, channel] of channels.entries()) for (let r = 0; r < R; r++) for (let s = 0; s < S; s++) {
    const row = i * stride[0] + r * dilation - padding[0], column = j * stride[1] + s * dilation - padding[1];
    const outside = row < 0 || row >= H || column < 0 || column >= W;
    all.push({ channel, r, s, row, column, padding: outside, x: outside ? 0 : x[(channel * H + row) * W + column],
      weight: convolves(setup) ? weight[((filter * channels.length + d) * R + r) * S + s] : 1 });
  }
  return all;
}

/**
 * What the cell holds: the sum of the products; the largest of what is not padding; the mean, in which padding counts
 * as 0.
 */
export function outcome({ layer, window: [R, S] }: Setup, all: readonly Tap[]): number {
  if (layer === "max") return Math.max(...all.filter((t) => !t.padding).map((t) => t.x));
  const sum = all.reduce((total, { x, weight }) => total + x * weight, 0);
  return layer === "avg" ? sum / (R * S) : sum;
}

/** Whether two numbers are one up to the rounding of float32. `scale`: what was summed, by absolute value. */
export function agree(exact: number, gpu: number, all: readonly Tap[]): "equal" | "rounded" | "different" {
  if (Math.fround(exact) === gpu) return "equal";
  return Math.abs(exact - gpu) <= ROUNDING * scaleOf(all) ? "rounded" : "different";
}
const ROUNDING = 2 ** -22;
/** What is summed, by absolute value: rounding is a share of it. */
export const scaleOf = (all: readonly Tap[]) => all.reduce((sum, { x, weight }) => sum + Math.abs(x * weight), 0);

/**
 * A number as people write it: two decimals, or as many as two digits need, a real minus sign. Of a sum, `scale` says
 * how much of it is rounding, which is 0.
 */
export const written = (value: number, decimals = 2, scale = 0): string => {
  const size = Math.abs(value), digits = size > ROUNDING * scale ? 1 - Math.floor(Math.log10(size)) : 0;
  const places = Math.min(100, Math.max(decimals, digits));
  const text = Number.isFinite(value) ? String(Number(value.toFixed(places))) : String(value);
  return (text === "-0" ? "0" : text).replaceAll("-", "−").replace("Infinity", "∞");
};
