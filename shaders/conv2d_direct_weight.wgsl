// Weight and bias gradient of a convolution by split-K, register tiles and subgroup broadcast; two passes, fixed order.
//
//   partial[z,j,k] = Σ m in split z  dy[m,k] · x[m∘j]        j = (r·S + s)·C + c, m = (n, p, q), as in conv2d.wgsl
//   dweight[j,k]   = Σ z  partial[z,j,k]
//   dbias[k]       = Σ z  partial[z,R·S·C,k]                  row R·S·C stands for an input of 1
//
// First pass: an invocation sums 2 rows × 16 filters over one split, which is `rows` rows (n, p) of the output gradient. Its
// lanes hold other rows; the four vec4 of dy that all of them need are loaded once a subgroup and shared by broadcast.
// Second pass: an invocation per vec4. The direct rung: one group, filters divisible by 4, subgroups of 4 or more.
// Twin: test/reference/conv2d.ts.
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

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // input
  P: u32, Q: u32, K: u32,          // output
  padding_h: i32, padding_w: i32,
  rows: u32, splits: u32,
}
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<f32>;               // [N, H, W, C]
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;            // [N, P, Q, K / 4]
@group(0) @binding(2) var<storage, read_write> partial: array<vec4f>; // [splits, R·S·C + 1, K / 4]
@group(0) @binding(3) var<storage, read> parts: array<vec4f>;         // the same, read by the second pass
@group(0) @binding(4) var<storage, read_write> dweight: array<vec4f>; // [R, S, C, K / 4]
@group(0) @binding(5) var<storage, read_write> dbias: array<vec4f>;   // [K / 4]

/// Row r·DILATION_H − padding_h of the image, and offset in it, of the input that row j of the gradient sees at pixel (0, 0).
fn origin(j: u32) -> vec2i {
  let c = j % dim.C;
  let s = j / dim.C % S;
  let r = j / (dim.C * S);
  return vec2i(i32(r * DILATION_H) - dim.padding_h, (i32(s * DILATION_W) - dim.padding_w) * i32(dim.C) + i32(c));
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn conv2d_direct_weight_partial(@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let J = R * S * dim.C + 1;
  let K4 = dim.K / 4;
  let k4 = 4 * group.y;
  let mine = min(k4 + lane % 4, K4 - 1);
  let step = min(LANES, 8u) / 4;  // pixels whose dy one load brings
  let ahead = lane / 4 % step;
  let j = id.x / LANES * LANES * 2 + id.x % LANES;  // and j + LANES
  let ones = vec2<bool>(j == J - 1, j + LANES == J - 1);
  let a = origin(min(j, J - 1));
  let b = origin(min(j + LANES, J - 1));
  let width = i32(dim.W * dim.C);

  var sum_a = mat4x4f();
  var sum_b = mat4x4f();
  for (var row = group.z * dim.rows; row < min((group.z + 1) * dim.rows, dim.N * dim.P); row++) {
    let n = i32(row / dim.P);
    let h = vec2i(i32(row % dim.P * STRIDE_H)) + vec2i(a.x, b.x);
    let in_image = (h >= vec2i()) & (h < vec2i(i32(dim.H)));
    let start = (n * i32(dim.H) + h) * width;
    for (var q = 0u; q < dim.Q; q += step) {
      var held = vec4f();
      if (q + ahead < dim.Q) { held = dy[(row * dim.Q + q + ahead) * K4 + mine]; }
      var at = vec2i(i32(q * STRIDE_W * dim.C)) + vec2i(a.y, b.y);
      var fits = in_image & (at >= vec2i()) & (at < vec2i(width));
      var u = select(0.0, 1.0, ones.x);
      var v = select(0.0, 1.0, ones.y);
      if (fits.x && !ones.x) { u = x[start.x + at.x]; }
      if (fits.y && !ones.y) { v = x[start.y + at.y]; }
      let d = mat4x4f(subgroupBroadcast(held, 0u), subgroupBroadcast(held, 1u), subgroupBroadcast(held, 2u), subgroupBroadcast(held, 3u));
      sum_a += u * d;
      sum_b += v * d;
      if (LANES >= 8) {  // the next pixel, whose dy the other lanes hold: zero past the end of the row
        at += i32(STRIDE_W * dim.C);
        fits = in_image & (at >= vec2i()) & (at < vec2i(width));
        u = select(0.0, 1.0, ones.x);
        v = select(0.0, 1.0, ones.y);
        if (fits.x && !ones.x) { u = x[start.x + at.x]; }
        if (fits.y && !ones.y) { v = x[start.y + at.y]; }
        let e = mat4x4f(subgroupBroadcast(held, 4u % LANES), subgroupBroadcast(held, 5u % LANES), subgroupBroadcast(held, 6u % LANES), subgroupBroadcast(held, 7u % LANES));
        sum_a += u * e;
        sum_b += v * e;
      }
    }
  }
  for (var f = 0u; f < 4 && k4 + f < K4; f++) {
    if (j < J) { partial[(group.z * J + j) * K4 + k4 + f] = sum_a[f]; }
    if (j + LANES < J) { partial[(group.z * J + j + LANES) * K4 + k4 + f] = sum_b[f]; }
  }
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn conv2d_direct_weight_reduce(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  let size = (R * S * dim.C + 1) * dim.K / 4;
  if (i >= size) { return; }
  var sum = vec4f();
  for (var z = 0u; z < dim.splits; z++) { sum += parts[z * size + i]; }
  let weights = size - dim.K / 4;
  if (i < weights) { dweight[i] = sum; } else if (BIAS) { dbias[i - weights] = sum; }
}
