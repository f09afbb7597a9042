import { conv2d_depthwise_forward } from "../generated/conv2d_depthwise.js";
import { conv2d_depthwise_input_backward } from "../generated/conv2d_depthwise_input.js";
import { conv2d_depthwise_weight_partial } from "../generated/conv2d_depthwise_weight.js";
import type { Recorder, Tensor } from "../gpu/recorder.js";
import { known } from "../options.js";
import { convolutionLayer, OPTIONS, type Conv2dOptions } from "./conv2d.js";
import { forwardLadder, inputLadder, split, weightLadder, type Convolution, type Ladders } from "./convolution.js";
import { backwardEpilogue, forwardEpilogue, kernelDefaults } from "./epilogue.js";
import type { Layer } from "./layer.js";

/** What depthwiseConv2d() takes: the options of conv2d() but filters and groups, which are the input's channels. */
export type DepthwiseConv2dOptions = Omit<Conv2dOptions, "filters" | "groups">;

/**
 * 2-D convolution of each channel by itself: [N, C, H, W] → [N, C, P, Q]. What conv2d() does with as many groups and
 * filters as channels, with the same names in files; windows of 3×3 have kernels of their own. Maths:
 * shaders/conv2d_depthwise.wgsl (Howard et al. 2017, MobileNets). Weight in files: [C, 1, kernel, kernel].
 */
export function depthwiseConv2d(options: DepthwiseConv2dOptions): Layer<"weight" | "bias"> {
  return convolutionLayer("depthwiseConv2d", known("depthwiseConv2d", options, OPTIONS), (C) => [C, C], ladders);
}

const fits = ({ R, S, DILATION_H, DILATION_W }: Convolution) => R === 3 && S === 3 && DILATION_H * DILATION_W === 1;
/** Rows of y that an invocation takes: two where they share rows of x. */
const rows = ({ STRIDE_H }: Convolution) => STRIDE_H > 1 ? 1 : 2;

/** An invocation for a channel of one of so many rows, or of a part of it, where a device had too little to do. */
function along(rec: Recorder, { C }: Convolution, rows: number, length: number): { span: number; work: number } {
  const { tasks = 32 } = rec.target, parts = Math.ceil(64 * tasks / (rows * C));
  const span = Math.max(4, Math.ceil(length / parts));
  return { span, work: rows * Math.ceil(length / span) * C };
}

/** A convolution by one pass or the other: y ← x, weight, bias, or dx ← dy, weight. */
function slide(rec: Recorder, t: Record<"x" | "weight" | "bias" | "y", Tensor>, d: Convolution, TURNED: number): void {
  const { span, work } = along(rec, d, d.N * Math.ceil(d.P / rows(d)), d.Q);
  const params = { ...d, ...kernelDefaults(d), TURNED, span };
  rec.dispatch(conv2d_depthwise_forward, { ...forwardEpilogue(t), z: t.x }, params, work);
}

/** Pairs of rows, or columns, of an image that is padded: the first may begin outside of it, and the last end there. */
const pairs = (size: number, padding: number) => Math.floor((size + padding) / 2) - Math.floor((padding + 1) / 2) + 1;

export const ladders: Ladders = {
  forwardLadder: [
    { name: "depthwise", fits, record(rec, t, d) { slide(rec, t, d, 0); } },
    forwardLadder.at(-1)!,
  ],
  inputLadder: [
    { name: "depthwise", fits: (d) => fits(d) && d.STRIDE_H * d.STRIDE_W === 1, record(rec, { weight, dy, dx }, d) {
      const { H, W, P, Q } = d, turned = { H: P, W: Q, P: H, Q: W, BIAS: 0 };
      const padding = { padding_h: 2 - d.padding_h, padding_w: 2 - d.padding_w };
      slide(rec, { x: dy, weight, bias: weight, y: dx }, { ...d, ...turned, ...padding }, 1);
    } },
    { name: "strided", fits: (d) => fits(d) && d.STRIDE_H === 2 && d.STRIDE_W === 2, record(rec, t, d) {
      const down = pairs(d.H, d.padding_h), across = pairs(d.W, d.padding_w);
      const { span, work } = along(rec, d, d.N * down, across);
      const params = { ...d, ...kernelDefaults(d), down, across, span };
      rec.dispatch(conv2d_depthwise_input_backward, backwardEpilogue(t), params, work);
    } },
    inputLadder.at(-1)!,
  ],
  weightLadder: [
    { name: "depthwise", fits, record(rec, t, d) {
      const all = d.N * Math.ceil(d.P / rows(d)), tiles = Math.ceil(d.C / 64);
      split(rec, t, d, conv2d_depthwise_weight_partial, { tiles, across: 1, all, unit: 1, WORKGROUP: 64 });
    } },
    weightLadder.at(-1)!,
  ],
};
