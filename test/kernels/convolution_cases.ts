// Sizes of convolutions, each with something that a kernel may get wrong.
import type { Convolution } from "../../src/layers/convolution.js";
import { extent } from "../../src/layers/window.js";
import type { Dim } from "../reference/conv2d.js";

export const control = {
  N: 2, H: 7, W: 6, C: 5, K: 12, groups: 1, R: 3, S: 3, STRIDE_H: 1, STRIDE_W: 1, DILATION_H: 1, DILATION_W: 1,
  padding_h: 1, padding_w: 1, BIAS: 1,
};
export type Case = typeof control;
export const cases: Record<string, Partial<Case>> = {
  "control": {},
  "1×1": { R: 1, S: 1, padding_h: 0, padding_w: 0, C: 67, K: 20 },
  "window not square": { R: 2, S: 5, padding_w: 2 },
  "stride 2": { STRIDE_H: 2, STRIDE_W: 2 },
  "stride past the window": { STRIDE_H: 4, STRIDE_W: 3, R: 2, S: 2, padding_h: 0, padding_w: 0 },
  "stride past the input": { H: 2, W: 3, R: 1, S: 2, STRIDE_H: 3, STRIDE_W: 2, padding_h: 0, padding_w: 0 },
  "stride past the width of many images": {
    N: 16, H: 3, W: 1, R: 1, S: 1, STRIDE_H: 2, STRIDE_W: 2, padding_h: 0, padding_w: 0,
  },
  "padding past the window": { padding_h: 3, padding_w: 4 },
  "dilation and stride": { DILATION_H: 2, DILATION_W: 3, STRIDE_H: 3, STRIDE_W: 2, padding_h: 3, padding_w: 3 },
  "one channel, six filters": { C: 1, K: 6, R: 5, S: 5, H: 12, W: 12 },
  "eight channels, dilated along the row": { C: 8, DILATION_W: 2, STRIDE_H: 2, padding_w: 2 },
  "ten filters": { C: 8, K: 10 },
  "one filter": { C: 3, K: 1 },
  "one output element": { N: 1, C: 1, K: 4, H: 3, W: 3, padding_h: 0, padding_w: 0 },
  "more filters than a tile": { C: 17, K: 36, H: 3, W: 3 },
  "tiles of other shapes": { N: 3, C: 20, K: 20, H: 8, W: 8 },
  "few channels, many filters": { C: 3, K: 72, H: 5, W: 5 },
  "groups": { C: 6, K: 16, groups: 2 },
  "no bias": { BIAS: 0 },
  "no bias, six filters": { BIAS: 0, K: 6 },
  "rows that only some taps reach, and as many images as a workgroup has invocations": {
    N: 32, C: 6, K: 8, R: 5, S: 5, H: 9, W: 9, padding_h: 0, padding_w: 0,
  },
  "the same with a stride and dilation": {
    N: 16, C: 4, K: 4, R: 3, H: 14, W: 9, STRIDE_H: 2, DILATION_H: 2, padding_h: 1,
  },
  "rows of five pixels": { N: 1, H: 3, W: 5, S: 5, padding_w: 2, K: 20 },
  "rows of fifteen, with a stride": { C: 3, W: 30, STRIDE_H: 2, STRIDE_W: 2 },
  "rows of ten, dilated": { W: 12, S: 2, DILATION_W: 4 },
  "a row of ten pixels, 1×1": { N: 1, H: 1, W: 10, R: 1, S: 1, padding_h: 0, padding_w: 0 },
  "1×1 with a stride": { R: 1, S: 1, STRIDE_H: 2, STRIDE_W: 2, padding_h: 0, padding_w: 0 },
  "channels by four, with a stride": { C: 8, W: 13, STRIDE_H: 2, STRIDE_W: 2 },
  "the same, in a wide window": { C: 4, W: 12, S: 5, STRIDE_W: 2, padding_w: 2 },
  "the same, in windows that touch": {
    N: 1, H: 5, C: 4, K: 20, W: 11, S: 2, STRIDE_H: 2, STRIDE_W: 2, padding_w: 0,
  },
  "channels by four, dilated, rows of five": { C: 4, W: 9, DILATION_W: 3, padding_w: 1 },
  "rows of eight channels, two taps, much padding": { C: 8, W: 5, R: 2, S: 2, padding_h: 2, padding_w: 3 },
  "rows by five pixels, a low window": { N: 3, C: 7, K: 8, W: 9, R: 1, S: 5, padding_h: 0 },
  "rows that only some taps reach, dx": { N: 32, C: 6, K: 8, R: 5, S: 5, H: 9, W: 9, padding_h: 2, padding_w: 0 },
  "one row, which one tap of each column reaches": { N: 3, H: 1, C: 17, K: 36 },
  "1×1, padded along the row": { R: 1, S: 1, padding_h: 0, C: 8 },
  "a channel more than a row holds": { C: 9 },
  "a window wider than a row holds": { R: 1, S: 6, W: 10, C: 4, padding_h: 0, padding_w: 0 },
  "a long sum": { N: 16, H: 12, W: 12, C: 2, K: 4 },
};

export function sized({ groups, ...d }: Case): Convolution & Dim {
  const P = extent(d.H, d.R, d.STRIDE_H, d.padding_h, d.DILATION_H);
  const Q = extent(d.W, d.S, d.STRIDE_W, d.padding_w, d.DILATION_W);
  return { ...d, P, Q, D: d.C / groups, F: d.K / groups };
}
