// A layer of one's own that learns one weight a channel.
import { ones } from "../src/index.js";
import { kernel, type LayerDefinition } from "../src/wgsl/index.js";

export const text = `// y[m,c] = weight[c] · x[m,c]
override WORKGROUP: u32 = 64;
struct Params { M: u32, C: u32 }
@group(1) @binding(0) var<uniform> dim: Params;
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> dweight: array<f32>;
@compute @workgroup_size(WORKGROUP, 1, 1)
fn scale_forward(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < dim.M * dim.C) { y[id.x] = weight[id.x % dim.C] * x[id.x]; }
}
@compute @workgroup_size(WORKGROUP, 1, 1)
fn scale_weight(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= dim.C) { return; }
  var sum = 0.0;
  for (var m = 0u; m < dim.M; m++) { sum += x[m * dim.C + id.x] * dy[m * dim.C + id.x]; }
  dweight[id.x] = sum;
}
`;
export const scale_forward = kernel(text, { entry: "scale_forward" });
const scale_weight = kernel(text, { entry: "scale_weight" });
export const dims = (x: { shape: readonly number[]; size: number }) => ({ M: x.size / x.shape[3], C: x.shape[3] });
export const definition: LayerDefinition<"gain"> = {
  name: "scale",
  params: (x) => ({ gain: { shape: [x[3]], init: ones } }),
  forward(rec, { x, gain, y }) { rec.dispatch(scale_forward, { x, weight: gain, y }, dims(x), y.size); },
  backward(rec, { x, gain, dy, dx, dgain }) {
    if (dx) rec.dispatch(scale_forward, { x: dy, weight: gain, y: dx }, dims(x), dx.size);
    if (dgain) rec.dispatch(scale_weight, { x, dy, dweight: dgain }, dims(x), dgain.size);
  },
};
