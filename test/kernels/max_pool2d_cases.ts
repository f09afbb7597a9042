// Sizes of poolings, each with something that a kernel may get wrong.
import { extent } from "../../src/layers/window.js";
import { random } from "../support.js";

export const control = {
  N: 2, H: 6, W: 8, C: 3, R: 2, S: 2, STRIDE_H: 2, STRIDE_W: 2, DILATION_H: 1, DILATION_W: 1,
  padding_h: 0, padding_w: 0, ceil: false,
};
export type Case = typeof control;
export const cases: Record<string, Partial<Case>> = {
  "control": {},
  "1×1": { R: 1, S: 1 },
  "window not square": { R: 3, S: 2 },
  "windows overlap": { R: 3, S: 3, padding_h: 1, padding_w: 1, STRIDE_H: 1, STRIDE_W: 2 },
  "stride leaves rows unread": { STRIDE_H: 3, STRIDE_W: 5 },
  "dilation": { DILATION_H: 2, DILATION_W: 3, padding_h: 1, padding_w: 1 },
  "windows overlap, by twos": { H: 19, R: 3, S: 3, padding_h: 1, padding_w: 1 },
  "windows overlap down columns": { H: 19, R: 3, S: 3, padding_h: 1, STRIDE_H: 1, DILATION_W: 2, STRIDE_W: 3 },
  "ceil mode": { H: 7, W: 6, R: 3, S: 3, ceil: true },
  "one output element": { N: 1, H: 2, W: 2, C: 1 },
  "a window in the padding altogether": { N: 1, H: 2, W: 2, DILATION_H: 3, DILATION_W: 3, padding_h: 1, padding_w: 1 },
  "more channels than a workgroup": { H: 3, W: 4, C: 67 },
  "grid folded into y": {},
};

export function sized({ ceil, ...d }: Case) {
  const P = extent(d.H, d.R, d.STRIDE_H, d.padding_h, d.DILATION_H, ceil);
  const Q = extent(d.W, d.S, d.STRIDE_W, d.padding_w, d.DILATION_W, ceil);
  const WINDOWS_H = Math.ceil((d.DILATION_H * (d.R - 1) + 1) / d.STRIDE_H);
  const WINDOWS_W = Math.ceil((d.DILATION_W * (d.S - 1) + 1) / d.STRIDE_W);
  const noDropout = { stream: 0, threshold: 0, scale: 1 };  // params of the wide kernels, which must be given
  return { ...d, WINDOWS_H, WINDOWS_W, P, Q, rows: 1, ...noDropout };
}
export type Dim = ReturnType<typeof sized>;
export const inputs = (d: Dim) => ({ x: random(1, d.N * d.H * d.W * d.C), dy: random(2, d.N * d.P * d.Q * d.C) });
