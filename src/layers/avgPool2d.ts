import { avg_pool2d_backward, avg_pool2d_forward, avg_pool2d_tiled } from "../generated/avg_pool2d.js";
import type { Recorder } from "../gpu/recorder.js";
import { known } from "../options.js";
import type { Layer } from "./layer.js";
import { pooling, type PoolOptions } from "./window.js";

/** What avgPool2d() takes. As torch.nn.AvgPool2d, with `kernel` for kernel_size. */
export interface AvgPool2dOptions extends PoolOptions {
  /** Whether padding counts as elements of value 0. Default true. */
  countIncludePad?: boolean;
}

/** 2-D average pooling: [N, C, H, W] → [N, C, P, Q]. Maths and kernels: shaders/avg_pool2d.wgsl. */
export function avgPool2d(options: AvgPool2dOptions): Layer {
  known("avgPool2d", options, "kernel, stride, padding, ceilMode, countIncludePad");
  const { dims, shape, tiles } = pooling(options), COUNT_PAD = Number(options.countIncludePad ?? true);
  /** Channels an invocation takes: pairs, where there are no fours, as in LeNet's first pooling. */
  const wide = (rec: Recorder, C: number) => rec.wide(2 * C) === 1 ? 1 : C % 4 ? 2 : 4;
  return {
    name: "avgPool2d",
    shape,

    forward(rec, { x, y }) {
      rec.dispatch(avg_pool2d_forward, { x, y }, { ...dims(x.shape), COUNT_PAD, WIDTH: wide(rec, x.shape[3]) }, y.size);
    },

    backward(rec, { x, dy, dx }) {
      if (!dx) return;
      const t = { dy, addend: dy, z: dy, dx }, d = { ...dims(x.shape), COUNT_PAD, WIDTH: wide(rec, x.shape[3]) };
      if (tiles(d) && rec.target.rung !== "plain") rec.dispatch(avg_pool2d_tiled, t, d, dy.size);
      else rec.dispatch(avg_pool2d_backward, t, d, dx.size);
    },
  };
}
