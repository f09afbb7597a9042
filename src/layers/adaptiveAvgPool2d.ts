import { adaptive_avg_pool2d_backward, adaptive_avg_pool2d_forward } from "../generated/adaptive_avg_pool2d.js";
import type { Recorder, Tensor } from "../gpu/recorder.js";
import { known } from "../options.js";
import { needs4d, pair, type Layer, type Pair } from "./layer.js";
import { rowGrid } from "./window.js";

/** What adaptiveAvgPool2d() takes. As torch.nn.AdaptiveAvgPool2d, with `size` for output_size. */
export interface AdaptiveAvgPool2dOptions {
  /** Height and width of the output, whatever the input's. Default 1: the mean of each channel. */
  size?: Pair;
}

/** Adaptive average pooling: [N, C, H, W] → [N, C, size, size]. Maths and kernels: shaders/adaptive_avg_pool2d.wgsl. */
export function adaptiveAvgPool2d(options: AdaptiveAvgPool2dOptions = {}): Layer {
  const { size = 1 } = known("adaptiveAvgPool2d", options, "size"), [P, Q] = pair("size", size, 1);
  const dims = (rec: Recorder, { shape: [N, H, W, C] }: Tensor) =>
    ({ N, H, W, C, P, Q, GLOBAL: Number(P === 1 && Q === 1), WIDTH: rec.wide(C) });
  const grid = (rec: Recorder, { shape }: Tensor, count: number) => rowGrid(count, shape[3] / rec.wide(shape[3]));
  return {
    name: "adaptiveAvgPool2d",

    shape(x) {
      needs4d(x);
      return [x[0], P, Q, x[3]];
    },

    forward(rec, { x, y }) {
      rec.dispatch(adaptive_avg_pool2d_forward, { x, y }, dims(rec, x), grid(rec, x, x.shape[0] * P * Q));
    },

    backward(rec, { x, dy, dx }) {
      if (!dx) return;
      const t = { dy, addend: dy, z: dy, dx };
      rec.dispatch(adaptive_avg_pool2d_backward, t, dims(rec, x), grid(rec, x, x.shape[0] * x.shape[1]));
    },
  };
}
