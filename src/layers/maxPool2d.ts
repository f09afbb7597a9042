import { max_pool2d_backward, max_pool2d_forward } from "../generated/max_pool2d.js";
import { max_pool2d_wide_backward, max_pool2d_wide_forward, max_pool2d_wide_tiled } from "../generated/max_pool2d_wide.js";
import type { Rung } from "../gpu/recorder.js";
import { undropped } from "./convolution.js";
import type { Layer, Pair } from "./layer.js";
import { byBlocks, byX, byY, pooling, type PoolOptions } from "./window.js";

/** What maxPool2d() takes: PyTorch's options. */
export interface MaxPool2dOptions extends PoolOptions {
  /** Distance between the elements of the window. Default 1. */
  dilation?: Pair;
}

type Dims = ReturnType<ReturnType<typeof pooling>["dims"]>;
const wide = ({ C, R, S }: Dims) => C % 4 === 0 && R * S <= 255;

/** y and the winners ← x. Only the tensor that a rung writes them to takes memory. */
const forward: readonly Rung<Dims, "x" | "y" | "index" | "packed">[] = [
  { name: "wide", fits: wide, record(rec, { x, y, packed }, d) { rec.dispatch(max_pool2d_wide_forward, { x, y, index: packed, clock: x }, { ...d, ...undropped }, byY(d, 4)); } },
  { name: "plain", fits: () => true, record(rec, { x, y, index }, d) { rec.dispatch(max_pool2d_forward, { x, y, index }, d, byY(d, 1)); } },
];

/** dx ← dy and the winners that the same rung of forward wrote. */
const backward: readonly Rung<Dims, "dy" | "index" | "packed" | "dx">[] = [
  { name: "tiled", fits: (d) => wide(d) && d.WINDOWS_H <= 2 && d.WINDOWS_W <= 2, record(rec, { dy, packed, dx }, d) { rec.dispatch(max_pool2d_wide_tiled, { dy, chosen: packed, addend: dy, z: dy, dx }, { ...d, ...undropped }, byBlocks(d, 4)); } },
  { name: "wide", fits: wide, record(rec, { dy, packed, dx }, d) { rec.dispatch(max_pool2d_wide_backward, { dy, chosen: packed, addend: dy, z: dy, dx }, { ...d, ...undropped }, byX(d, 4)); } },
  { name: "plain", fits: () => true, record(rec, { dy, index, dx }, d) { rec.dispatch(max_pool2d_backward, { dy, chosen: index, addend: dy, z: dy, dx }, d, byX(d, 1)); } },
];

/** 2-D max pooling: [N, C, H, W] → [N, C, P, Q]. Maths and kernels: shaders/max_pool2d.wgsl, max_pool2d_wide.wgsl. */
export function maxPool2d(options: MaxPool2dOptions): Layer<never, "index" | "packed"> {
  const { dims, shape } = pooling(options);
  return {
    name: "maxPool2d",
    shape,
    saved(x) {
      const [N, P, Q, C] = shape(x);
      return { index: [N, P, Q, C], packed: [N, P, Q, Math.ceil(C / 4)] };
    },

    forward(rec, { x, y, index, packed }) { rec.climb(forward, { x, y, index, packed }, dims(x.shape), "maxPool2d"); },

    backward(rec, { x, index, packed, dy, dx }) {
      if (dx) rec.climb(backward, { dy, index, packed, dx }, dims(x.shape), "maxPool2d");
    },
  };
}
