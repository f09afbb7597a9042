// Squeeze and excite: a small network of D hidden units sees the means of all channels and scales each.
// x is [N, PIXELS, C].
//   mean[n,c] = Σ p x[n,p,c] / PIXELS    hidden = relu(mean · down)    gate = σ(hidden · up)    y = x · gate
override WORKGROUP: u32 = 64;

struct Params { N: u32, PIXELS: u32, C: u32, D: u32 }
@group(1) @binding(0) var<uniform> dim: Params;
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> down: array<f32>;    // [C, D]
@group(0) @binding(2) var<storage, read> up: array<f32>;      // [D, C]
@group(0) @binding(3) var<storage, read> mean: array<f32>;    // [N, C]
@group(0) @binding(4) var<storage, read> hidden: array<f32>;  // [N, D]
@group(0) @binding(5) var<storage, read> gate: array<f32>;    // [N, C]
@group(0) @binding(6) var<storage, read> dy: array<f32>;
@group(0) @binding(7) var<storage, read> dgate: array<f32>;   // before the sigmoid
@group(0) @binding(8) var<storage, read> dhidden: array<f32>; // before the relu
@group(0) @binding(9) var<storage, read_write> result: array<f32>;

@compute @workgroup_size(WORKGROUP, 1, 1)
fn squeeze(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= dim.N * dim.C) { return; }
  var sum = 0.0;
  for (var p = 0u; p < dim.PIXELS; p++) { sum += x[(id.x / dim.C * dim.PIXELS + p) * dim.C + id.x % dim.C]; }
  result[id.x] = sum / f32(dim.PIXELS);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn excite_down(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= dim.N * dim.D) { return; }
  var sum = 0.0;
  for (var c = 0u; c < dim.C; c++) { sum += mean[id.x / dim.D * dim.C + c] * down[c * dim.D + id.x % dim.D]; }
  result[id.x] = max(sum, 0.0);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn excite_up(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= dim.N * dim.C) { return; }
  var sum = 0.0;
  for (var d = 0u; d < dim.D; d++) { sum += hidden[id.x / dim.C * dim.D + d] * up[d * dim.C + id.x % dim.C]; }
  result[id.x] = 1.0 / (1.0 + exp(-sum));
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn scale(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= dim.N * dim.PIXELS * dim.C) { return; }
  result[i] = x[i] * gate[i / (dim.PIXELS * dim.C) * dim.C + i % dim.C];
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn gate_gradient(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= dim.N * dim.C) { return; }
  var sum = 0.0;
  for (var p = 0u; p < dim.PIXELS; p++) {
    let i = (id.x / dim.C * dim.PIXELS + p) * dim.C + id.x % dim.C;
    sum += dy[i] * x[i];
  }
  result[id.x] = sum * gate[id.x] * (1.0 - gate[id.x]);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn hidden_gradient(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= dim.N * dim.D) { return; }
  var sum = 0.0;
  for (var c = 0u; c < dim.C; c++) { sum += dgate[id.x / dim.D * dim.C + c] * up[id.x % dim.D * dim.C + c]; }
  result[id.x] = select(0.0, sum, hidden[id.x] > 0.0);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn up_gradient(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= dim.D * dim.C) { return; }
  var sum = 0.0;
  for (var n = 0u; n < dim.N; n++) { sum += hidden[n * dim.D + id.x / dim.C] * dgate[n * dim.C + id.x % dim.C]; }
  result[id.x] = sum;
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn down_gradient(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= dim.D * dim.C) { return; }
  var sum = 0.0;
  for (var n = 0u; n < dim.N; n++) { sum += mean[n * dim.C + id.x / dim.D] * dhidden[n * dim.D + id.x % dim.D]; }
  result[id.x] = sum;
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn input_gradient(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= dim.N * dim.PIXELS * dim.C) { return; }
  let n = i / (dim.PIXELS * dim.C);
  let c = i % dim.C;
  var dmean = 0.0;
  for (var d = 0u; d < dim.D; d++) { dmean += dhidden[n * dim.D + d] * down[c * dim.D + d]; }
  result[i] = dy[i] * gate[n * dim.C + c] + dmean / f32(dim.PIXELS);
}
