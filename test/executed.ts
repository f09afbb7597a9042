import type { Step } from "../src/gpu/recorder.js";
import { macs } from "../src/profile/cost.js";

/**
 * Multiply-adds that a step's invocations execute: each computes a whole tile, of so many pixels × filters (or, of a
 * weight gradient, of rows × filters).
 */
export function executed(step: Step): number {
  const { kernel: { entry }, params } = step;
  const { N, H, W, C, P, Q, K, R, S, STRIDE_H, STRIDE_W, DILATION_H, padding_h } = params;
  const { LANES, CHANNELS, FILTERS, PIXELS, TAPS, TILE_K, TILE_C } = params;
  const pixels = (n: number) => N * P * up(Q, n), taps = R * S, rows = (n: number) => up(n, LANES);
  /** Pairs of a row of outputs and a tap that reaches a row of inputs. */
  const reached = () => count(P, R, (p, r) => within(p * STRIDE_H - padding_h + r * DILATION_H, H));
  /** Rows × rows of taps: those that reach nothing are left out, where a workgroup has images for a whole row. */
  const forward = (n: number) => N * up(Q, n) * (N * Math.ceil(Q / n) % 16 ? P * R : reached());
  const input = (n: number) => {
    const pairs = STRIDE_H > 1 || N * Math.ceil(W / n) % 16 ? Math.ceil(H / STRIDE_H) * R
      : count(H, R, (h, r) => within(h + padding_h - r * DILATION_H, P));
    return N * up(Math.ceil(W / STRIDE_W), n) * pairs;
  };
  /** Where lanes share a row of taps; the first workgroup leaves out none, for the bias. */
  const weight = (each: number) => {
    if (each % LANES) return pixels(2) * rows(R * each);
    const outside = count(P, 1, (p) => !within(p * STRIDE_H - padding_h, H));
    return N * up(Q, 2) * (each * reached() + LANES * outside);
  };
  switch (entry) {
    case "conv2d_forward": case "conv2d_backward_input": case "conv2d_backward_weight": return macs(step);
    case "conv2d_tiled_forward": return up(N * P * Q, 512 * FILTERS / TILE_K) * up(K, TILE_K) * R * up(S * C, 16);
    case "conv2d_tiled_input_backward": {
      const inputs = N * Math.ceil(H / STRIDE_H) * Math.ceil(W / STRIDE_W);
      return up(inputs, 512 * CHANNELS / TILE_C) * up(C, TILE_C) * taps * up(K, 16);
    }
    case "conv2d_tiled_weight_partial":
      return up(R * S * C, 512 * FILTERS / TILE_K) * up(K, TILE_K) * up(N * P * Q, 16);
    case "linear_forward": case "linear_backward": return macs(step);
    case "linear_direct_backward": return up(N, 16) * up(C, 32) * K + up(K, 16) * up(C + 1, 32) * N;
    case "conv2d_vec4_forward": case "conv2d_direct_forward": return forward(PIXELS) * up(K, 16) * S * C;
    case "conv2d_narrow_forward": return forward(PIXELS) * up(K, FILTERS) * S * C;
    case "conv2d_direct_input_backward": return input(4) * up(C, CHANNELS) * S * K;
    case "conv2d_row_input_backward": {
      const pairs = N % 16 ? up(N * H, 16) * R : N * count(H, R, (h, r) => within(h + padding_h - r, P));
      return pairs * up(Q, PIXELS) * TAPS * CHANNELS * K;
    }
    case "conv2d_vec4_weight_partial": return 4 * weight(S * C / 4) * up(K, 16);
    case "conv2d_vec2_weight_partial": return 6 * weight(Math.ceil(S / 3) * C / 2) * up(K, 16);
    case "conv2d_direct_weight_partial": return TAPS * rows(R * Math.ceil(S / TAPS) * C) * up(K, 16) * pixels(2);
    case "conv2d_narrow_weight_partial": return TAPS * rows(R * Math.ceil(S / TAPS) * C) * up(K, FILTERS) * N * P * Q;
    default: if (macs(step)) throw new Error(`nobody knows what ${entry} executes`); return 0;
  }
}

const up = (n: number, unit: number) => Math.ceil(n / unit) * unit;
const within = (row: number, rows: number) => row >= 0 && row < rows;
/** Pairs of a row and a tap for which this holds. */
const count = (rows: number, taps: number, holds: (row: number, tap: number) => boolean) =>
  Array.from({ length: rows * taps }, (_, i) => holds(Math.floor(i / taps), i % taps)).filter(Boolean).length;
