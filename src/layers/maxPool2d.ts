import { max_pool2d_backward, max_pool2d_forward } from "../generated/max_pool2d.js";
import type { Layer, Pair } from "./layer.js";
import { pooling, type PoolOptions } from "./window.js";

export interface MaxPool2dOptions extends PoolOptions {
  /** Distance between the elements of the window. Default 1. */
  dilation?: Pair;
}

/** 2-D max pooling: [N, C, H, W] → [N, C, P, Q]. Maths and kernels: shaders/max_pool2d.wgsl. */
export function maxPool2d(options: MaxPool2dOptions): Layer<never, "index"> {
  const { dims, shape } = pooling(options);
  return {
    name: "maxPool2d",
    shape,
    saved: (x) => ({ index: shape(x) }),

    forward(rec, { x, y, index }) {
      rec.dispatch(max_pool2d_forward, { x, y, index }, dims(x.shape), y.size);
    },

    backward(rec, { x, index, dy, dx }) {
      if (dx) rec.dispatch(max_pool2d_backward, { dy, chosen: index, dx }, dims(x.shape), dx.size);
    },
  };
}
