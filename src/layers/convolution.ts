import { conv2d_backward_bias, conv2d_backward_input, conv2d_backward_weight, conv2d_forward } from "../generated/conv2d.js";
import { conv2d_direct_forward } from "../generated/conv2d_direct.js";
import { conv2d_direct_input_backward } from "../generated/conv2d_direct_input.js";
import { conv2d_direct_weight_partial, conv2d_direct_weight_reduce } from "../generated/conv2d_direct_weight.js";
import { conv2d_narrow_forward } from "../generated/conv2d_narrow.js";
import { conv2d_narrow_weight_partial, conv2d_narrow_weight_reduce } from "../generated/conv2d_narrow_weight.js";
import { fold, tensor, type Grid, type Rung, type Target } from "../gpu/recorder.js";

/** The letters of shaders/conv2d.wgsl: all that decides which rung a convolution takes. */
export interface Convolution {
  N: number; H: number; W: number; C: number; P: number; Q: number; K: number;
  /** Channels and filters of a group. */
  D: number; F: number;
  padding_h: number; padding_w: number;
  R: number; S: number; STRIDE_H: number; STRIDE_W: number; DILATION_H: number; DILATION_W: number; BIAS: number;
}

const direct = (d: Convolution, { lanes = 0 }: Target) => lanes >= 4 && d.D === d.C;
const quads = (d: Convolution, target: Target) => direct(d, target) && d.K % 4 === 0;
const grid = (invocations: number, z: number): Grid => { const [gx, gy] = fold(invocations, 64); return [gx, gy, z]; };

/** y ← x, weight, bias. Where d.BIAS is 0, any tensor stands in for bias. */
export const forward: readonly Rung<Convolution, "x" | "weight" | "bias" | "y">[] = [
  { name: "direct", fits: quads, record(rec, t, d) {
    rec.dispatch(conv2d_direct_forward, t, { ...d, LANES: rec.target.lanes!, ACTIVATION: 0, ALPHA: 1, THRESHOLD: 0 }, grid(d.N * d.P * d.Q / 2, Math.ceil(d.K / 16)));
  } },
  { name: "narrow", fits: direct, record(rec, t, d) {
    rec.dispatch(conv2d_narrow_forward, t, { ...d, LANES: rec.target.lanes!, ACTIVATION: 0, ALPHA: 1, THRESHOLD: 0 }, grid(d.N * d.P * d.Q / 4, Math.ceil(d.K / 8)));
  } },
  { name: "plain", fits: () => true, record(rec, t, d) { rec.dispatch(conv2d_forward, t, d, d.N * d.P * d.Q * d.K); } },
];

/** dx ← weight, dy. */
export const backwardInput: readonly Rung<Convolution, "weight" | "dy" | "dx">[] = [
  { name: "direct", fits: quads, record(rec, t, d) {
    const pixels = d.N * Math.ceil(d.H / d.STRIDE_H) * Math.ceil(d.W / d.STRIDE_W);  // of the largest phase
    rec.dispatch(conv2d_direct_input_backward, t, { ...d, LANES: rec.target.lanes! }, grid(pixels / 2, Math.ceil(d.C / 8) * d.STRIDE_H * d.STRIDE_W));
  } },
  { name: "plain", fits: () => true, record(rec, t, d) { rec.dispatch(conv2d_backward_input, t, d, d.N * d.H * d.W * d.C); } },
];

/** dweight, dbias ← x, dy. Where d.BIAS is 0, dbias is not written. */
export const backwardWeight: readonly Rung<Convolution, "x" | "dy" | "dweight" | "dbias">[] = [
  { name: "direct", fits: quads, record(rec, t, d) {
    split(rec.target, d, 2, 16, (p, tiles, splits, WORKGROUP) => {
      const partial = tensor("partial", [splits, d.R * d.S * d.C + 1, d.K]), dbias = d.BIAS ? t.dbias : tensor("unused", [4]);
      rec.dispatch(conv2d_direct_weight_partial, { x: t.x, dy: t.dy, partial }, { ...p, WORKGROUP }, [tiles, Math.ceil(d.K / 16), splits]);
      rec.dispatch(conv2d_direct_weight_reduce, { parts: partial, dweight: t.dweight, dbias }, p, partial.size / splits / 4);
    });
  } },
  { name: "narrow", fits: direct, record(rec, t, d) {
    split(rec.target, d, 1, 8, (p, tiles, splits, WORKGROUP) => {
      const partial = tensor("partial", [splits, d.R * d.S * d.C + 1, d.K]), dbias = d.BIAS ? t.dbias : tensor("unused", [4]);
      rec.dispatch(conv2d_narrow_weight_partial, { x: t.x, dy: t.dy, partial }, { ...p, WORKGROUP }, [tiles, Math.ceil(d.K / 8), splits]);
      rec.dispatch(conv2d_narrow_weight_reduce, { parts: partial, dweight: t.dweight, dbias }, p, partial.size / splits);
    });
  } },
  { name: "plain", fits: () => true, record(rec, { x, dy, dweight, dbias }, d) {
    rec.dispatch(conv2d_backward_weight, { x, dy, dweight }, d, dweight.size);
    if (d.BIAS) rec.dispatch(conv2d_backward_bias, { dy, dbias }, d, d.K);
  } },
];

/** dbias ← dy, where no dweight is asked for. */
export const backwardBias: readonly Rung<Convolution, "dy" | "dbias">[] = [
  { name: "plain", fits: () => true, record(rec, t, d) { rec.dispatch(conv2d_backward_bias, t, d, d.K); } },
];

/** How to cut the sum over all pixels so that about `tasks` workgroups have work; each takes whole rows of the image. */
function split(
  { lanes = 4, tasks = 32 }: Target, d: Convolution, rowsPerLane: number, filters: number,
  record: (params: Convolution & { LANES: number; rows: number; splits: number }, tiles: number, splits: number, workgroup: number) => void,
): void {
  const tiles = Math.ceil((d.R * d.S * d.C + 1) / (lanes * rowsPerLane)), others = tiles * Math.ceil(d.K / filters), all = d.N * d.P;
  const rows = Math.ceil(all / Math.min(all, Math.max(1, Math.ceil(tasks / others)))), splits = Math.ceil(all / rows);
  record({ ...d, LANES: lanes, rows, splits }, tiles, splits, lanes);
}
