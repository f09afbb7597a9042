import { avg_pool2d_backward, avg_pool2d_forward } from "../generated/avg_pool2d.js";
import type { Recorder, Tensor } from "../gpu/recorder.js";
import type { Layer } from "./layer.js";
import { byBlocks, byY, pooling, type PoolOptions } from "./window.js";

/** What avgPool2d() takes: PyTorch's options. */
export interface AvgPool2dOptions extends PoolOptions {
  /** Whether padding counts as elements of value 0. Default true. */
  countIncludePad?: boolean;
}

/** 2-D average pooling: [N, C, H, W] → [N, C, P, Q]. Maths and kernels: shaders/avg_pool2d.wgsl. */
export function avgPool2d(options: AvgPool2dOptions): Layer {
  const { dims, shape } = pooling(options), COUNT_PAD = Number(options.countIncludePad ?? true);
  const extents = (rec: Recorder, { shape }: Tensor) => ({ ...dims(shape), COUNT_PAD, WIDTH: rec.wide(shape[3]) });
  return {
    name: "avgPool2d",
    shape,

    forward(rec, { x, y }) {
      const d = extents(rec, x);
      rec.dispatch(avg_pool2d_forward, { x, y }, d, byY(d, d.WIDTH));
    },

    backward(rec, { x, dy, dx }) {
      if (!dx) return;
      const d = extents(rec, x);
      rec.dispatch(avg_pool2d_backward, { dy, addend: dy, z: dy, dx }, d, byBlocks(d, d.WIDTH));
    },
  };
}
