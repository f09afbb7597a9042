// In the order in which a bundle compresses best: what is alike, side by side.
import { conv2d_tiled_input_backward } from "../generated/conv2d_tiled_input.js";
import { conv2d_tiled_forward } from "../generated/conv2d_tiled.js";
import { conv2d_vec4_forward } from "../generated/conv2d_vec4.js";
import { conv2d_narrow_forward } from "../generated/conv2d_narrow.js";
import { conv2d_direct_input_backward } from "../generated/conv2d_direct_input.js";
import { conv2d_vec4_weight_partial } from "../generated/conv2d_vec4_weight.js";
import { conv2d_direct_weight_partial } from "../generated/conv2d_direct_weight.js";
import { conv2d_vec2_weight_partial } from "../generated/conv2d_vec2_weight.js";
import { conv2d_backward_input, conv2d_backward_weight, conv2d_forward } from "../generated/conv2d.js";
import { conv2d_tiled_weight_partial } from "../generated/conv2d_tiled_weight.js";
import { conv2d_direct_forward } from "../generated/conv2d_direct.js";
import { conv2d_narrow_weight_partial } from "../generated/conv2d_narrow_weight.js";
import { conv2d_row_input_backward } from "../generated/conv2d_row_input.js";
import { reduce_sum } from "../generated/reduce.js";
import {
  fold, tensor, type Grid, type Recorder, type Rung, type Step, type Target, type Tensor,
} from "../gpu/recorder.js";
import { backwardEpilogue, forwardEpilogue, kernelDefaults } from "./epilogue.js";

/** The letters of shaders/conv2d.wgsl: all that decides which rung a convolution takes. */
export interface Convolution {
  N: number; H: number; W: number; C: number; P: number; Q: number; K: number;
  /** Channels and filters of a group. */
  D: number; F: number;
  padding_h: number; padding_w: number;
  R: number; S: number; STRIDE_H: number; STRIDE_W: number; DILATION_H: number; DILATION_W: number; BIAS: number;
}

/** The rungs of a convolution's three passes, the first choice first. */
export interface Ladders {
  /** y ← x, weight, bias. Where BIAS is 0, any tensor stands in for bias. */
  readonly forwardLadder: readonly Rung<Convolution, "x" | "weight" | "bias" | "y">[];
  /** dx ← weight, dy. */
  readonly inputLadder: readonly Rung<Convolution, "weight" | "dy" | "dx">[];
  /** dweight, dbias ← x, dy. Where BIAS is 0, dbias is not written. */
  readonly weightLadder: readonly Rung<Convolution, "x" | "dy" | "dweight" | "dbias">[];
}

/** What a weight gradient is made of, and into; without dweight, dbias alone. */
type Sums = Record<"x" | "dy" | "dbias", Tensor> & { dweight?: Tensor };

/** How a weight gradient is cut into workgroups. */
interface Cut {
  /** Of its rows, which are taps × channels, and of its filters. */
  tiles: number; across: number;
  /** The sum is over so many pixels, or rows of images; a split takes a multiple of `unit`. */
  all: number; unit: number;
  /** A split takes no fewer, unless that keeps less than a quarter of Target.tasks busy. Default 1. */
  least?: number;
  WORKGROUP?: number; WIDTH?: 1 | 4; TILE_K?: number; FILTERS?: number;
}

/** By subgroup broadcast. Along an axis there may be a stride or a dilation, not both. */
const direct = (d: Convolution, { lanes = 0 }: Target) => lanes >= 4 && d.D === d.C
  && Math.min(d.STRIDE_H, d.DILATION_H) * Math.min(d.STRIDE_W, d.DILATION_W) === 1;
const quads = (d: Convolution, target: Target) => direct(d, target) && d.K % 4 === 0;
/** Where windows overlap or touch, with a stride of 2 at most: the loop over their taps unrolls. */
const slides = (d: Convolution, target: Target) => quads(d, target) && d.C % 4 === 0 && d.STRIDE_W <= Math.min(2, d.S);
/** Tiles pay from a quarter of one on: below, most of it would be padding. */
const tiled = (d: Convolution) => d.D === d.C && d.K % 4 === 0 && d.K >= 16 && d.N * d.P * d.Q >= 16;

/** How many columns a tile has, and how many of them each of its 64 invocations, which take eight rows of these. */
type Tile = readonly [columns: number, each: number];
const tileSizes: readonly Tile[] = [[64, 8], [32, 8], [64, 4], [16, 4]];

/**
 * The tile that costs the least. One of four columns each costs less than one of eight, but more than half of that,
 * since what it loads serves fewer sums. An eighth of Target.tasks is what an adapter takes for the time of one.
 */
function tileOf(rows: number, columns: number, tasks = 0): Tile {
  const needed = ([across, each]: Tile) => Math.ceil(rows * across / each / 512) * Math.ceil(columns / across);
  const cost = (tile: Tile) => (needed(tile) + tasks / 8) * (tile[1] + 2);
  return tileSizes.reduce((best, tile) => cost(tile) < cost(best) ? tile : best);
}
const grid = (invocations: number, z: number, workgroup: number): Grid => {
  const [gx, gy] = fold(invocations, workgroup);
  return [gx, gy, z];
};

/** Pixels that an invocation takes at once: five where they divide a row and four do not. */
const fives = ({ Q, DILATION_W }: Convolution) => Q % 4 && Q % 5 === 0 && DILATION_W === 1 ? 5 : 4;

/** An invocation for so many pixels of a row and so many filters. */
const strips = (rec: Recorder, d: Convolution, PIXELS: number, filters: number) =>
  tiles(rec, { ...d, PIXELS }, d.N * d.P * Math.ceil(d.Q / PIXELS), Math.ceil(d.K / filters), slides(d, rec.target));

/** An invocation for four pixels of a row, in their phase, and 16 channels. */
const phases = (rec: Recorder, d: Convolution) => tiles(
  rec, d,
  d.N * Math.ceil(d.H / d.STRIDE_H) * Math.ceil(Math.ceil(d.W / d.STRIDE_W) / 4),
  Math.ceil(d.C / 16) * d.STRIDE_H * d.STRIDE_W);

/**
 * Params and grid of register tiles, so many down and across:
 * in workgroups of 16, or less where that is enough, as for linear layers and few images.
 */
function tiles<D extends Convolution>(rec: Recorder, d: D, down: number, across: number, unrolls = false) {
  const LANES = rec.target.lanes!, WORKGROUP = Math.min(16, LANES * Math.ceil(down / LANES));
  // With another stride along the row, windows of all widths share a text.
  const TAPS = unrolls || d.STRIDE_W === 1 ? d.S : 0;
  return [{ ...d, ...kernelDefaults(d), LANES, TAPS, WORKGROUP }, grid(down, across, WORKGROUP)] as const;
}

/** The same as an image of P rows, where the window is 1×1, to which it is all the same where pixels lie. */
function flat(d: Convolution, P = 1): Convolution {
  const Q = d.N * d.P * d.Q / P, pointwise = d.R * d.S * d.STRIDE_H * d.STRIDE_W === 1 && !d.padding_h && !d.padding_w;
  return pointwise ? { ...d, N: 1, P, Q, H: P, W: Q } : d;
}

/**
 * Taps of a window's row that a lane of the direct and narrow rungs takes,
 * 5 where that leaves fewer idle, and how many lanes that makes.
 */
function strip({ R, S, C, STRIDE_W, DILATION_W }: Convolution): { TAPS: number; count: number } {
  const TAPS = STRIDE_W * DILATION_W === 1 && 5 * Math.ceil(S / 5) < 4 * Math.ceil(S / 4) ? 5 : 4;
  return { TAPS, count: R * Math.ceil(S / TAPS) * C };
}

/** A cut by subgroups: a lane takes one of so many strips of the window, by so many filters, over rows of images. */
const lanewise = (rec: Recorder, d: Convolution, strips: number, filters: number): Cut => ({
  tiles: Math.ceil(strips / rec.target.lanes!), across: Math.ceil(d.K / filters), all: d.N * d.P, unit: 1,
  WORKGROUP: rec.target.lanes!,
});

/**
 * A weight gradient in two passes: the sum over all pixels is cut so that about `tasks` workgroups have work.
 * One split needs no second pass.
 */
export function split(
  rec: Recorder, { x, dy, dweight, dbias }: Sums, d: Convolution, kernel: Step["kernel"],
  { tiles, across, all, unit, least = 1, ...sized }: Cut,
): void {
  const { lanes: LANES = 4, tasks = 32 } = rec.target, most = Math.ceil(all / unit);
  const unused = () => tensor("unused", [4]), size = dweight?.size ?? 0;
  const busy = (n: number) => Math.ceil(n / (tiles * across));
  const wanted = Math.min(most, busy(tasks), Math.max(Math.floor(all / least), busy(tasks / 4)));
  const span = unit * Math.ceil(most / wanted), splits = Math.ceil(all / span);
  const partial = !dweight ? unused() : splits === 1 ? dweight : tensor("partial", [splits, size]);
  const partial_bias = !d.BIAS ? unused() : splits === 1 ? dbias : tensor("partial_bias", [splits, d.K]);
  const params = { ...d, ...kernelDefaults(d), span, size, LANES, TAPS: strip(d).TAPS, ...sized };
  rec.dispatch(
    kernel as typeof conv2d_narrow_weight_partial, { x, dy, partial, partial_bias },
    params, [tiles, across, splits]);
  if (splits > 1) rec.dispatch(
    reduce_sum, { partial, partial_bias, dweight: dweight ?? unused(), dbias: d.BIAS ? dbias : unused() },
    { K: d.K, BIAS: d.BIAS, size, splits }, size + d.K);
}

/** The plain rung of weight gradients; without dweight, dbias alone. */
export function plainSums(rec: Recorder, t: Sums, d: Convolution): void {
  const [tiles, across] = fold((t.dweight?.size ?? 0) + d.K, 64);
  split(rec, t, d, conv2d_backward_weight, { tiles, across, all: d.N * d.P, unit: 1 });
}

export const forwardLadder: Ladders["forwardLadder"] = [
  { name: "vec4", fits: slides, record(rec, t, d) {
    rec.dispatch(conv2d_vec4_forward, forwardEpilogue(t), ...strips(rec, flat(d), 4, 16));
  } },
  { name: "direct", fits: quads, record(rec, t, d) {
    rec.dispatch(conv2d_direct_forward, forwardEpilogue(t), ...strips(rec, flat(d), fives(d), 16));
  } },
  { name: "narrow", fits: direct, record(rec, t, d) {
    rec.dispatch(conv2d_narrow_forward, t, ...strips(rec, flat(d), 8, 8));
  } },
  { name: "tiled", fits: tiled, record(rec, t, d) {
    const pixels = d.N * d.P * d.Q, [TILE_K, FILTERS] = tileOf(pixels, d.K, rec.target.tasks);
    rec.dispatch(
      conv2d_tiled_forward, forwardEpilogue(t), { ...d, WIDTH: rec.wide(d.C), ...kernelDefaults(d), TILE_K, FILTERS },
      grid(pixels, Math.ceil(d.K / TILE_K), 512 * FILTERS / TILE_K));
  } },
  { name: "plain", fits: () => true, record(rec, t, d) {
    rec.dispatch(conv2d_forward, forwardEpilogue(t), { ...d, ...kernelDefaults(d) }, d.N * d.P * d.Q * d.K);
  } },
];

/** A row an invocation: of few channels, where windows move by one. */
const row: Ladders["inputLadder"][number] = {
  name: "row",
  fits: (d, target) => quads(d, target) && d.C <= 8 && d.S > 1 && d.S <= 5
    && d.STRIDE_H * d.STRIDE_W * d.DILATION_H * d.DILATION_W === 1,
  record(rec, t, d) {
    const work = tiles(rec, { ...d, PIXELS: fives(d) }, d.N * d.H, 1);
    rec.dispatch(conv2d_row_input_backward, backwardEpilogue(t), ...work);
  },
};

export const inputLadder: Ladders["inputLadder"] = [
  // row: first in subgroups of 8; in subgroups of 4 after direct, for the tuner and tests.
  { ...row, fits: (d, target) => target.lanes! > 4 && row.fits(d, target) },
  { name: "direct", fits: quads, record(rec, t, d) {
    rec.dispatch(conv2d_direct_input_backward, backwardEpilogue(t), ...phases(rec, flat(d)));
  } },
  row,
  { name: "tiled", fits: tiled, record(rec, t, d) {
    const pixels = d.N * Math.ceil(d.H / d.STRIDE_H) * Math.ceil(d.W / d.STRIDE_W);  // of the largest phase
    const [TILE_C, CHANNELS] = tileOf(pixels, d.C, rec.target.tasks);
    rec.dispatch(
      conv2d_tiled_input_backward, backwardEpilogue(t), { ...d, ...kernelDefaults(d), TILE_C, CHANNELS },
      grid(pixels, Math.ceil(d.C / TILE_C) * d.STRIDE_H * d.STRIDE_W, 512 * CHANNELS / TILE_C));
  } },
  { name: "plain", fits: () => true, record(rec, t, d) {
    rec.dispatch(conv2d_backward_input, backwardEpilogue(t), { ...d, ...kernelDefaults(d) }, d.N * d.H * d.W * d.C);
  } },
];

export const weightLadder: Ladders["weightLadder"] = [
  {
    name: "vec2",
    fits: (d, target) => quads(d, target) && d.C % 2 === 0 && d.S === 3
      && d.STRIDE_H * d.STRIDE_W * d.DILATION_H * d.DILATION_W === 1,
    record(rec, t, d) { split(rec, t, d, conv2d_vec2_weight_partial, lanewise(rec, d, d.R * d.C / 2, 16)); },
  },
  { name: "vec4", fits: (d, target) => quads(d, target) && d.C % 4 === 0, record(rec, t, d) {
    const e = flat(d, d.N);
    split(rec, t, e, conv2d_vec4_weight_partial, lanewise(rec, e, d.R * d.S * d.C / 4, 16));
  } },
  { name: "direct", fits: (d, target) => quads(d, target) && d.STRIDE_W * d.DILATION_W === 1, record(rec, t, d) {
    split(rec, t, d, conv2d_direct_weight_partial, lanewise(rec, d, strip(d).count, 16));
  } },
  { name: "narrow", fits: direct, record(rec, t, d) {
    split(rec, t, d, conv2d_narrow_weight_partial, lanewise(rec, d, strip(d).count, 8));
  } },
  { name: "tiled", fits: tiled, record(rec, t, d) {
    const rows = d.R * d.S * d.C, [TILE_K, FILTERS] = tileOf(rows, d.K);
    split(rec, t, d, conv2d_tiled_weight_partial, {
      tiles: Math.ceil(rows * TILE_K / FILTERS / 512), across: Math.ceil(d.K / TILE_K), all: d.N * d.P * d.Q,
      unit: 16, least: 256, WIDTH: rec.wide(d.C), TILE_K, FILTERS,
    });
  } },
  { name: "plain", fits: () => true, record: plainSums },
];
