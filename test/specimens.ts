// Layers of one's own, for tests: right as they stand, wrong where a test changes their text.
import { readFileSync } from "node:fs";
import { ones, zeros } from "../src/index.js";
import type { AnyLayer, Reference } from "../src/check/index.js";
import { defineLayer, elementwise, kernel, tensor, type Shape } from "../src/wgsl/index.js";

type Change = (text: string) => string;

const depthwiseText = readFileSync("test/depthwise.wgsl", "utf8");
/** y[n,h,w,c] = Σ r,s x[n,h+r−1,w+s−1,c] · weight[r,s,c] + bias[c]: depthwise 3×3, padded by 1. */
export function depthwise(change: Change = (t) => t): AnyLayer {
  const text = change(depthwiseText);
  const [forward, input, params] = ["forward", "input", "params"].map((e) => kernel(text, { entry: `depthwise_${e}` }));
  const dims = ([N, H, W, C]: Shape) => ({ N, H, W, C });
  return defineLayer<"weight" | "bias">({
    name: "depthwise",
    params: ([, , , C]) => ({ weight: { shape: [3, 3, C], init: ones }, bias: { shape: [C], init: zeros } }),
    forward(rec, { x, weight, bias, y }) { rec.dispatch(forward, { x, weight, bias, y }, dims(x.shape), y.size); },
    backward(rec, { x, weight, dy, dx, dweight, dbias }) {
      if (dx) rec.dispatch(input, { weight, dy, dx }, dims(x.shape), dx.size);
      if (!dweight && !dbias) return;
      const other = tensor("unused", [x.shape[3] * 9]);  // for the one that nobody wants
      rec.dispatch(params, { x, dy, dweight: dweight ?? other, dbias: dbias ?? other }, dims(x.shape), other.size);
    },
  });
}

export const depthwiseTwin: Reference = ({ x, weight, bias }, { x: [N, H, W, C] }) =>
  Float64Array.from({ length: N * H * W * C }, (_, i) => {
    const c = i % C, w = Math.floor(i / C) % W, h = Math.floor(i / (C * W)) % H, n = Math.floor(i / (C * W * H));
    let sum = bias[c];
    for (let r = 0; r < 3; r++) for (let s = 0; s < 3; s++)
      if (h + r >= 1 && h + r <= H && w + s >= 1 && w + s <= W)
        sum += x[((n * H + h + r - 1) * W + w + s - 1) * C + c] * weight[(r * 3 + s) * C + c];
    return sum;
  });

const centerText = `
override WORKGROUP: u32 = 16;
struct Params { C: u32 }
@group(1) @binding(0) var<uniform> dim: Params;
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
var<workgroup> held: array<f32, WORKGROUP>;
fn summed(row: u32, lane: u32) -> f32 {
  var sum = 0.0;
  for (var c = lane; c < dim.C; c += WORKGROUP) { sum += x[row * dim.C + c]; }
  return sum;
}
@compute @workgroup_size(WORKGROUP, 1, 1)
fn center(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) row: vec3u) {
  held[lane] = summed(row.x, lane);
  workgroupBarrier();
  for (var span = WORKGROUP / 2; span > 0; span /= 2) {
    if (lane < span) { held[lane] += held[lane + span]; }
    workgroupBarrier();
  }
  let mean = held[0] / f32(dim.C);
  for (var c = lane; c < dim.C; c += WORKGROUP) { y[row.x * dim.C + c] = x[row.x * dim.C + c] - mean; }
}
`;
/** y[m,c] = x[m,c] − mean of row m, by a workgroup a row and a tree of sums: a barrier after each level. */
export function center(change: Change = (t) => t): AnyLayer {
  const k = kernel(change(centerText));
  return defineLayer<never>({ name: "center",
    forward(rec, { x, y }) { rec.dispatch(k, { x, y }, { C: x.shape[1] }, [x.shape[0], 1, 1]); },
    backward(rec, { dy, dx }) {  // it is its own transpose
      if (dx) rec.dispatch(k, { x: dy, y: dx }, { C: dy.shape[1] }, [dy.shape[0], 1, 1]);
    },
  });
}

const swishSlope = "dy / (1 + exp(-x)) * (1 + x - x / (1 + exp(-x)))";
export const swish = (backward = swishSlope) => elementwise({ name: "swish", forward: "x / (1 + exp(-x))", backward });
