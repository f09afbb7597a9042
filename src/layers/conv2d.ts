import { OptionError, ShapeError } from "../errors.js";
import type { Shape } from "../gpu/recorder.js";
import { known, positive } from "../options.js";
import {
  forwardLadder, inputLadder, plainSums, weightLadder, type Convolution, type Ladders,
} from "./convolution.js";
import { torchDefault, type Init } from "./init.js";
import { nchw, needs4d, pair, type Layer, type Pair, type ParamSpec } from "./layer.js";
import { extent } from "./window.js";

/**
 * What conv2d() takes. As torch.nn.Conv2d, with `filters` for out_channels and `kernel` for kernel_size; in_channels
 * comes from the input.
 */
export interface Conv2dOptions {
  /** Output channels. */
  filters: number;
  /** Height and width of the window. */
  kernel: Pair;
  /** Default 1. */
  stride?: Pair;
  /** Zeros added on every side. Default 0. */
  padding?: Pair;
  /** Distance between the taps of the window. Default 1. */
  dilation?: Pair;
  /**
   * Into how many groups channels and filters are cut, each seeing only its own. Default 1. As many as channels and
   * filters: depthwise, for which depthwiseConv2d() has kernels of its own.
   */
  groups?: number;
  /** Default true. */
  bias?: boolean;
  /** First values of the weight. Default PyTorch's. */
  init?: Init;
  /** False keeps its parameters as they are, for fine-tuning; see freeze(). Default true. */
  requiresGrad?: boolean;
}

/**
 * 2-D convolution: [N, C, H, W] → [N, filters, P, Q] with
 * P = ⌊(H + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1, Q likewise. Maths: shaders/conv2d.wgsl.
 * Kernels: convolution.ts. Weight in files: [filters, C / groups, kernel, kernel].
 */
export function conv2d(options: Conv2dOptions): Layer<"weight" | "bias"> {
  known("conv2d", options, `filters, groups, ${OPTIONS}`);
  const K = positive("filters", options.filters), groups = positive("groups", options.groups ?? 1);
  if (K % groups) throw new OptionError(`${K} filters do not divide into ${groups} groups`, { filters: K, groups });
  return convolutionLayer("conv2d", options, () => [K, groups], { forwardLadder, inputLadder, weightLadder });
}

/** The options that every convolution takes. */
export const OPTIONS = "kernel, stride, padding, dilation, bias, init, requiresGrad";

/** A convolution of so many filters and groups, which its channels may decide, by the rungs of these ladders. */
export function convolutionLayer(
  name: string, options: Omit<Conv2dOptions, "filters" | "groups">,
  sized: (C: number) => readonly [K: number, groups: number], ladders: Ladders,
): Layer<"weight" | "bias"> {
  const [R, S] = pair("kernel", options.kernel, 1), [STRIDE_H, STRIDE_W] = pair("stride", options.stride ?? 1, 1);
  const [padding_h, padding_w] = pair("padding", options.padding ?? 0, 0);
  const [DILATION_H, DILATION_W] = pair("dilation", options.dilation ?? 1, 1);
  const biased = options.bias ?? true, init = options.init ?? torchDefault;

  function dims([N, H, W, C]: Shape): Convolution {
    const P = extent(H, R, STRIDE_H, padding_h, DILATION_H), Q = extent(W, S, STRIDE_W, padding_w, DILATION_W);
    const [K, groups] = sized(C);
    return { N, H, W, C, P, Q, K, D: C / groups, F: K / groups, padding_h, padding_w,
      R, S, STRIDE_H, STRIDE_W, DILATION_H, DILATION_W, BIAS: Number(biased) };
  }

  return {
    name, requiresGrad: options.requiresGrad,

    shape(x) {
      needs4d(x);
      const { N, C, P, Q, K } = dims(x), [, groups] = sized(C);
      if (C % groups)
        throw new ShapeError(`${C} channels of ${nchw(x)} do not divide into ${groups} groups`, { got: x, groups });
      const dilated = DILATION_H * DILATION_W > 1 ? ` dilated by ${DILATION_H}×${DILATION_W}` : "";
      if (P < 1 || Q < 1) throw new ShapeError(
        `a ${R}×${S} window${dilated} does not fit ${nchw(x)} padded by ${padding_h}×${padding_w}; `
          + "use a larger input, a smaller kernel or more padding", { got: x, kernel: [R, S] });
      return [N, P, Q, K];
    },

    params([, , , C]) {
      const [K, groups] = sized(C), D = C / groups, fan = { in: R * S * D, out: R * S * K / groups };
      return {
        weight: { shape: [R, S, D, K], torch: [2, 3, 1, 0], init, fan },
        ...biased && { bias: { shape: [K], init: torchDefault, fan } },
      } as Record<"weight" | "bias", ParamSpec>;
    },

    forward(rec, { x, weight, bias, y }) {
      rec.climb(ladders.forwardLadder, { x, weight, bias: bias ?? weight, y }, dims(x.shape), `${name} forward`);
    },

    backward(rec, { x, weight, dy, dx, dweight, dbias }) {
      const d = dims(x.shape);
      if (dx) rec.climb(ladders.inputLadder, { weight, dy, dx }, d, `${name} input gradient`);
      if (dweight) rec.climb(
        ladders.weightLadder, { x, dy, dweight, dbias: dbias ?? dweight },
        { ...d, BIAS: Number(Boolean(dbias)) }, `${name} weight gradient`);
      else if (dbias) plainSums(rec, { x: dy, dy, dbias }, d);
    },
  };
}
