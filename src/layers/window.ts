import { OptionError, ShapeError } from "../errors.js";
import { fold, type Grid, type Shape } from "../gpu/recorder.js";
import { nchw, needs4d, pair, type Pair } from "./layer.js";

/**
 * How many windows fit along an axis: ⌊(size + 2·padding − dilation·(window − 1) − 1) / stride⌋ + 1. With `ceil`, one
 * more where it starts on the input or on its leading padding, as in PyTorch.
 */
export function extent(
  size: number, window: number, stride: number, padding: number, dilation = 1, ceil = false,
): number {
  const span = size + 2 * padding - dilation * (window - 1) - 1;
  const count = Math.floor((span + (ceil ? stride - 1 : 0)) / stride) + 1;
  return ceil && (count - 1) * stride >= size + padding ? count - 1 : count;
}

export interface PoolOptions {
  /** Height and width of the window. */
  kernel: Pair;
  /** Default: the kernel, so that windows do not overlap. */
  stride?: Pair;
  /** Rows and columns added on every side, at most half the kernel. Default 0. */
  padding?: Pair;
  /** Keep a last window that sticks out of the input. Default false. */
  ceilMode?: boolean;
}

/** What max and average pooling share: options, output shape, and the letters of their shaders. */
export function pooling(options: PoolOptions & { dilation?: Pair }) {
  const [R, S] = pair("kernel", options.kernel, 1);
  const [STRIDE_H, STRIDE_W] = pair("stride", options.stride ?? options.kernel, 1);
  const [padding_h, padding_w] = pair("padding", options.padding ?? 0, 0);
  const [DILATION_H, DILATION_W] = pair("dilation", options.dilation ?? 1, 1);
  const ceil = options.ceilMode ?? false;
  if (2 * padding_h > R || 2 * padding_w > S) throw new OptionError(
    `padding ${padding_h}×${padding_w} is more than half the ${R}×${S} window`,
    { padding: [padding_h, padding_w], kernel: [R, S] });

  function dims([N, H, W, C]: Shape) {
    const P = extent(H, R, STRIDE_H, padding_h, DILATION_H, ceil);
    const Q = extent(W, S, STRIDE_W, padding_w, DILATION_W, ceil);
    return {
      N, H, W, C, P, Q, padding_h, padding_w, R, S, STRIDE_H, STRIDE_W, DILATION_H, DILATION_W,
      WINDOWS_H: Math.ceil((DILATION_H * (R - 1) + 1) / STRIDE_H),
      WINDOWS_W: Math.ceil((DILATION_W * (S - 1) + 1) / STRIDE_W),
    };
  }

  function shape(x: Shape): Shape {
    needs4d(x);
    const { N, P, Q, C } = dims(x);
    if (P < 1 || Q < 1) throw new ShapeError(
      `a ${R}×${S} window does not fit ${nchw(x)} padded by ${padding_h}×${padding_w}; `
        + "use a larger input or a smaller kernel", { got: x, kernel: [R, S] });
    return [N, P, Q, C];
  }
  /** Whether windows cover every pixel of x, once each. */
  const tiles = (d: ReturnType<typeof dims>) => STRIDE_H === R && STRIDE_W === S && DILATION_H === 1 && DILATION_W === 1
    && padding_h + padding_w === 0 && d.H === d.P * R && d.W === d.Q * S;
  return { dims, shape, tiles };
}

type Extents = ReturnType<ReturnType<typeof pooling>["dims"]>;
/** Grids of kernels whose invocations take WIDTH channels of a pixel of y, or of x. */
export const byY = (d: Extents, WIDTH: number): Grid => rowGrid(d.N * d.P, d.Q * d.C / WIDTH);
export const byX = (d: Extents, WIDTH: number): Grid => rowGrid(d.N * d.H, d.W * d.C / WIDTH);

/**
 * Workgroups, of 64, for `count` rows of n invocations each: x goes along a row, y and z count rows, so that a
 * workgroup is in one row. Undone by shaders/lib/rows.wgsl.
 */
export function rowGrid(count: number, n: number): Grid {
  const [y, z] = fold(count, 1);
  return [Math.ceil(n / 64), y, z];
}
