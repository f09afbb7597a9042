// 2-D convolution for filter counts that are no multiple of 4, by register tiles and subgroup broadcast.
//
//   y[m,k] = f(bias[k] + Σ r,s,c  x[m∘(r,s), c] · weight[r,s,c,k])        m = (n, p, q), as in conv2d.wgsl
//
// An invocation computes 4 pixels × 8 filters. The lanes load a weight each (with 4 lanes: two) and share them by broadcast.
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
override ACTIVATION: u32 = 0;

// Lanes of a subgroup, at most 8 of which are told apart.
const LANES: u32 = 4;  // tune
const UPPER = 4 % LANES;  // where the second four begin: in the upper lanes, or in `more` of all

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // input
  P: u32, Q: u32, K: u32,          // output
  padding_h: i32, padding_w: i32,
}
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [N, H, W, C]
@group(0) @binding(1) var<storage, read> weight: array<f32>;   // [R, S, C, K]
@group(0) @binding(2) var<storage, read> bias: array<f32>;     // [K]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // [N, P, Q, K]

// #import activation
// #import pixel

@compute @workgroup_size(WORKGROUP, 1, 1)
fn conv2d_narrow_forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let m = 4 * (id.y * groups.x * WORKGROUP + id.x);
  let k0 = 8 * group.z;
  let mine = min(k0 + lane % 8, dim.K - 1);
  let other = min(k0 + 4 + lane % 4, dim.K - 1);  // with 4 lanes, each loads two weights
  let stride = vec2i(i32(STRIDE_H), i32(STRIDE_W));
  let pad = vec2i(dim.padding_h, dim.padding_w);
  let pixels = array<vec3i, 4>(pixel(m, dim.N, dim.P, dim.Q), pixel(m + 1, dim.N, dim.P, dim.Q), pixel(m + 2, dim.N, dim.P, dim.Q), pixel(m + 3, dim.N, dim.P, dim.Q));

  var low = mat4x4f();   // columns: pixels; rows: filters 0 to 3
  var high = mat4x4f();  // filters 4 to 7
  for (var r = 0u; r < R; r++) {
    for (var s = 0u; s < S; s++) {
      let tap = vec2i(vec2u(r * DILATION_H, s * DILATION_W)) - pad;
      let a = pixels[0].xy * stride + tap;
      let b = pixels[1].xy * stride + tap;
      let c = pixels[2].xy * stride + tap;
      let d = pixels[3].xy * stride + tap;
      let fits = vec4<bool>(inside(a, dim.H, dim.W), inside(b, dim.H, dim.W), inside(c, dim.H, dim.W), inside(d, dim.H, dim.W));
      let rows = vec4i(pixels[0].z, pixels[1].z, pixels[2].z, pixels[3].z) * i32(dim.H) + vec4i(a.x, b.x, c.x, d.x);
      let at = (rows * i32(dim.W) + vec4i(a.y, b.y, c.y, d.y)) * i32(dim.C);
      for (var i = 0u; i < dim.C; i++) {
        let row = ((r * S + s) * dim.C + i) * dim.K;
        let held = weight[row + mine];
        var more = held;
        if (LANES < 8) { more = weight[row + other]; }
        var v = vec4f();
        if (fits.x) { v.x = x[at.x + i32(i)]; }
        if (fits.y) { v.y = x[at.y + i32(i)]; }
        if (fits.z) { v.z = x[at.z + i32(i)]; }
        if (fits.w) { v.w = x[at.w + i32(i)]; }
        let w = vec4f(subgroupBroadcast(held, 0u), subgroupBroadcast(held, 1u), subgroupBroadcast(held, 2u), subgroupBroadcast(held, 3u));
        let z = vec4f(subgroupBroadcast(more, UPPER), subgroupBroadcast(more, UPPER + 1), subgroupBroadcast(more, UPPER + 2), subgroupBroadcast(more, UPPER + 3));
        low += mat4x4f(v.x * w, v.y * w, v.z * w, v.w * w);
        high += mat4x4f(v.x * z, v.y * z, v.z * z, v.w * z);
      }
    }
  }
  let count = dim.N * dim.P * dim.Q;
  for (var i = 0u; i < 4 && m + i < count; i++) {
    for (var j = 0u; j < 8 && k0 + j < dim.K; j++) {
      var v = low[i][j % 4];
      if (j >= 4) { v = high[i][j % 4]; }
      if (BIAS) { v += bias[k0 + j]; }
      y[(m + i) * dim.K + k0 + j] = activate(v);
    }
  }
}
