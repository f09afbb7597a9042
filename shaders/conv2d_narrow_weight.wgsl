// Weight and bias gradient of a convolution whose filter count is no multiple of 4, by split-K and subgroup broadcast; two
// passes, fixed order.
//
//   partial[z,j,k] = Σ m in split z  dy[m,k] · x[m∘j]        j = (r·S + s)·C + c, m = (n, p, q), as in conv2d.wgsl
//   dweight[j,k]   = Σ z  partial[z,j,k]
//   dbias[k]       = Σ z  partial[z,R·S·C,k]                  row R·S·C stands for an input of 1
//
// First pass: an invocation sums 1 row × 8 filters over one split, which is `rows` rows (n, p) of the output gradient; lanes
// hold other rows of the same split and share dy by broadcast. Second pass: an invocation per element.
// The direct rung for LeNet's 6 filters and the like: one group, subgroups of 4 or more. Twin: test/reference/conv2d.ts.
enable subgroups;

override WORKGROUP: u32 = 64;
override R: u32 = 3;
override S: u32 = 3;
override STRIDE_H: u32 = 1;
override STRIDE_W: u32 = 1;
override DILATION_H: u32 = 1;
override DILATION_W: u32 = 1;
override BIAS: bool = true;

// Lanes of a subgroup, at most 8 of which are told apart.
const LANES: u32 = 4;  // tune
const UPPER = 4 % LANES;  // where the second four begin: in the upper lanes, or in `more` of all

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // input
  P: u32, Q: u32, K: u32,          // output
  padding_h: i32, padding_w: i32,
  rows: u32, splits: u32,
}
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<f32>;              // [N, H, W, C]
@group(0) @binding(1) var<storage, read> dy: array<f32>;             // [N, P, Q, K]
@group(0) @binding(2) var<storage, read_write> partial: array<f32>;  // [splits, R·S·C + 1, K]
@group(0) @binding(3) var<storage, read> parts: array<f32>;          // the same, read by the second pass
@group(0) @binding(4) var<storage, read_write> dweight: array<f32>;  // [R, S, C, K]
@group(0) @binding(5) var<storage, read_write> dbias: array<f32>;    // [K]

@compute @workgroup_size(WORKGROUP, 1, 1)
fn conv2d_narrow_weight_partial(@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let J = R * S * dim.C + 1;
  let k0 = 8 * group.y;
  let mine = min(k0 + lane % 8, dim.K - 1);
  let other = min(k0 + 4 + lane % 4, dim.K - 1);  // with 4 lanes, each loads two of dy
  let j = id.x;
  let one = j == J - 1;
  let r = j / (dim.C * S);
  let s = j / dim.C % S;
  let top = i32(r * DILATION_H) - dim.padding_h;
  let left = (i32(s * DILATION_W) - dim.padding_w) * i32(dim.C) + i32(j % dim.C);
  let width = i32(dim.W * dim.C);

  var low = vec4f();
  var high = vec4f();
  for (var row = group.z * dim.rows; row < min((group.z + 1) * dim.rows, dim.N * dim.P); row++) {
    let h = i32(row % dim.P * STRIDE_H) + top;
    let in_image = h >= 0 && h < i32(dim.H) && j < J && !one;
    let start = (i32(row / dim.P * dim.H) + h) * width;
    for (var q = 0u; q < dim.Q; q++) {
      let pixel = (row * dim.Q + q) * dim.K;
      let held = dy[pixel + mine];
      var more = held;
      if (LANES < 8) { more = dy[pixel + other]; }
      let at = i32(q * STRIDE_W * dim.C) + left;
      var v = select(0.0, 1.0, one);
      if (in_image && at >= 0 && at < width) { v = x[start + at]; }
      low += v * vec4f(subgroupBroadcast(held, 0u), subgroupBroadcast(held, 1u), subgroupBroadcast(held, 2u), subgroupBroadcast(held, 3u));
      high += v * vec4f(subgroupBroadcast(more, UPPER), subgroupBroadcast(more, UPPER + 1), subgroupBroadcast(more, UPPER + 2), subgroupBroadcast(more, UPPER + 3));
    }
  }
  for (var f = 0u; f < 8 && j < J && k0 + f < dim.K; f++) {
    var v = low[f % 4];
    if (f >= 4) { v = high[f % 4]; }
    partial[(group.z * J + j) * dim.K + k0 + f] = v;
  }
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn conv2d_narrow_weight_reduce(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  let size = (R * S * dim.C + 1) * dim.K;
  if (i >= size) { return; }
  var sum = 0.0;
  for (var z = 0u; z < dim.splits; z++) { sum += parts[z * size + i]; }
  let weights = size - dim.K;
  if (i < weights) { dweight[i] = sum; } else if (BIAS) { dbias[i - weights] = sum; }
}
