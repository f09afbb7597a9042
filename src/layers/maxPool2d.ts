import { max_pool2d_backward, max_pool2d_forward, max_pool2d_tiled } from "../generated/max_pool2d.js";
import { max_pool2d_column_backward, max_pool2d_column_forward } from "../generated/max_pool2d_column.js";
import {
  max_pool2d_wide_backward, max_pool2d_wide_forward, max_pool2d_wide_tiled,
} from "../generated/max_pool2d_wide.js";
import type { Rung, Tensor } from "../gpu/recorder.js";
import { known } from "../options.js";
import { noDropout } from "./epilogue.js";
import type { Layer, Pair } from "./layer.js";
import { byX, byY, pooling, rowGrid, type PoolOptions } from "./window.js";

/** What maxPool2d() takes. As torch.nn.MaxPool2d, with `kernel` for kernel_size. */
export interface MaxPool2dOptions extends PoolOptions {
  /** Distance between the elements of the window. Default 1. */
  dilation?: Pair;
}

type Dims = ReturnType<ReturnType<typeof pooling>["dims"]>;
const wide = ({ C, R, S }: Dims) => C % 4 === 0 && R * S <= 255;

/** Windows three rows high that share rows. */
const overlap = (d: Dims) => wide(d) && d.R === 3 && d.STRIDE_H < 3 && d.DILATION_H === 1;

/**
 * Params and grid of a kernel that goes down columns, over `extent` rows of an image, of `along` pixels. Where it
 * `walks`, an invocation takes up to eight rows, each about as many; else one.
 */
function columns(d: Dims, extent: number, along: number, walks = true) {
  const span = walks ? Math.ceil(extent / Math.ceil(extent / 8)) : 1;
  return [{ ...d, ...noDropout, rows: span }, rowGrid(d.N * Math.ceil(extent / span), along * d.C / 4)] as const;
}

/** y and the winners ← x. Only the tensor that a rung writes them to takes memory. */
const forwardLadder: readonly Rung<Dims, "x" | "y" | "index" | "packed">[] = [
  { name: "column", fits: overlap, record(rec, { x, y, packed }, d) {
    rec.dispatch(max_pool2d_column_forward, { x, y, index: packed, clock: x }, ...columns(d, d.P, d.Q));
  } },
  { name: "wide", fits: wide, record(rec, { x, y, packed }, d) {
    const params = { ...d, ...noDropout, rows: 1 };
    rec.dispatch(max_pool2d_wide_forward, { x, y, index: packed, clock: x }, params, byY(d, 4));
  } },
  { name: "plain", fits: () => true, record(rec, { x, y, index }, d) {
    rec.dispatch(max_pool2d_forward, { x, y, index }, d, byY(d, 1));
  } },
];

/** dx ← dy and the winners that the same rung of forward wrote. */
const backwardLadder: readonly Rung<Dims, "dy" | "index" | "packed" | "dx">[] = [
  { name: "column", fits: (d) => overlap(d) && d.STRIDE_H === 1, record(rec, t, d) {
    rec.dispatch(max_pool2d_column_backward, poolEpilogue(t), ...columns(d, d.H, d.W));
  } },
  { name: "tiled", fits: (d) => wide(d) && d.WINDOWS_H <= 2 && d.WINDOWS_W <= 2, record(rec, t, d) {
    const down = Math.ceil((d.H + d.padding_h) / d.STRIDE_H), across = Math.ceil((d.W + d.padding_w) / d.STRIDE_W);
    rec.dispatch(max_pool2d_wide_tiled, poolEpilogue(t), ...columns(d, down, across, d.WINDOWS_H > 1));
  } },
  { name: "wide", fits: wide, record(rec, t, d) {
    rec.dispatch(max_pool2d_wide_backward, poolEpilogue(t), { ...d, ...noDropout, rows: 1 }, byX(d, 4));
  } },
  { name: "tiled", fits: (d) => !wide(d) && d.WINDOWS_H * d.WINDOWS_W === 1, record(rec, { dy, index, dx }, d) {
    const down = Math.ceil((d.H + d.padding_h) / d.STRIDE_H), across = Math.ceil((d.W + d.padding_w) / d.STRIDE_W);
    rec.dispatch(max_pool2d_tiled, poolEpilogue({ dy, packed: index, dx }), d, rowGrid(d.N * down, across * d.C));
  } },
  { name: "plain", fits: () => true, record(rec, { dy, index, dx }, d) {
    rec.dispatch(max_pool2d_backward, poolEpilogue({ dy, packed: index, dx }), d, byX(d, 1));
  } },
];

/** Binds the epilogue's inputs to a stand-in until fuse.ts binds real ones. */
const poolEpilogue = ({ dy, packed, dx }: Record<"dy" | "packed" | "dx", Tensor>) =>
  ({ dy, chosen: packed, addend: dy, z: dy, dx });

/**
 * 2-D max pooling: [N, C, H, W] → [N, C, P, Q]. Maths and kernels: shaders/max_pool2d.wgsl, max_pool2d_wide.wgsl,
 * max_pool2d_column.wgsl.
 */
export function maxPool2d(options: MaxPool2dOptions): Layer<never, "index" | "packed"> {
  const { dims, shape } = pooling(known("maxPool2d", options, "kernel, stride, padding, ceilMode, dilation"));
  return {
    name: "maxPool2d",
    shape,
    saved(x) {
      const [N, P, Q, C] = shape(x);
      return { index: [N, P, Q, C], packed: [N, P, Q, Math.ceil(C / 4)] };
    },

    forward(rec, { x, y, index, packed }) {
      rec.climb(forwardLadder, { x, y, index, packed }, dims(x.shape), "maxPool2d");
    },

    backward(rec, { x, index, packed, dy, dx }) {
      if (dx) rec.climb(backwardLadder, { dy, index, packed, dx }, dims(x.shape), "maxPool2d");
    },
  };
}
