// 2-D convolution by register tiles and subgroup broadcast: no barrier, no workgroup memory.
//
//   y[m,k] = f(bias[k] + Σ r,s,c  x[m∘(r,s), c] · weight[r,s,c,k])        m = (n, p, q), as in conv2d.wgsl
//
// An invocation computes 2 pixels × 16 filters. Each lane loads one vec4 of weights; all lanes get all of them by broadcast,
// so that a load feeds 64 multiply-adds or more. The direct rung: one group, filters divisible by 4, subgroups of 4 or more.
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
override ACTIVATION: u32 = 0;

// Lanes of a subgroup, at most 8 of which are told apart.
const LANES: u32 = 4;  // tune

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // input
  P: u32, Q: u32, K: u32,          // output
  padding_h: i32, padding_w: i32,
}
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<f32>;         // [N, H, W, C]
@group(0) @binding(1) var<storage, read> weight: array<vec4f>;  // [R, S, C, K / 4]
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;    // [K / 4]
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>; // [N, P, Q, K / 4]

// #import activation

// #import pixel

fn finish(v: vec4f, k4: u32) -> vec4f {
  var z = v;
  if (BIAS) { z += bias[k4]; }
  return vec4f(activate(z.x), activate(z.y), activate(z.z), activate(z.w));
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn conv2d_direct_forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let m = 2 * (id.y * groups.x * WORKGROUP + id.x);
  let K4 = dim.K / 4;
  let k4 = 4 * group.z;              // the first of four vec4
  let mine = min(k4 + lane % 4, K4 - 1);
  let step = min(LANES, 8u) / 4;  // channels whose weights one load brings
  let ahead = lane / 4 % step;    // which of them this lane loads
  let a = pixel(m, dim.N, dim.P, dim.Q);
  let b = pixel(m + 1, dim.N, dim.P, dim.Q);

  var sum_a = mat4x4f();  // 16 filters of pixel a
  var sum_b = mat4x4f();
  for (var r = 0u; r < R; r++) {
    for (var s = 0u; s < S; s++) {
      let tap = vec2i(vec2u(r * DILATION_H, s * DILATION_W)) - vec2i(dim.padding_h, dim.padding_w);
      let from_a = a.xy * vec2i(i32(STRIDE_H), i32(STRIDE_W)) + tap;
      let from_b = b.xy * vec2i(i32(STRIDE_H), i32(STRIDE_W)) + tap;
      let a_in = inside(from_a, dim.H, dim.W);
      let b_in = inside(from_b, dim.H, dim.W);
      let at_a = u32((a.z * i32(dim.H) + from_a.x) * i32(dim.W) + from_a.y) * dim.C;
      let at_b = u32((b.z * i32(dim.H) + from_b.x) * i32(dim.W) + from_b.y) * dim.C;
      let row = (r * S + s) * dim.C;
      for (var c = 0u; c < dim.C; c += step) {
        var held = vec4f();
        if (c + ahead < dim.C) { held = weight[(row + c + ahead) * K4 + mine]; }
        var u = 0.0;
        var v = 0.0;
        if (a_in) { u = x[at_a + c]; }
        if (b_in) { v = x[at_b + c]; }
        let w = mat4x4f(subgroupBroadcast(held, 0u), subgroupBroadcast(held, 1u), subgroupBroadcast(held, 2u), subgroupBroadcast(held, 3u));
        sum_a += u * w;
        sum_b += v * w;
        if (LANES >= 8) {  // the next channel, whose weights the other lanes hold
          u = 0.0;
          v = 0.0;
          if (a_in && c + 1 < dim.C) { u = x[at_a + c + 1]; }
          if (b_in && c + 1 < dim.C) { v = x[at_b + c + 1]; }
          let z = mat4x4f(subgroupBroadcast(held, 4u % LANES), subgroupBroadcast(held, 5u % LANES), subgroupBroadcast(held, 6u % LANES), subgroupBroadcast(held, 7u % LANES));
          sum_a += u * z;
          sum_b += v * z;
        }
      }
    }
  }
  let pixels = dim.N * dim.P * dim.Q;
  for (var j = 0u; j < 4 && k4 + j < K4; j++) {
    if (m < pixels) { y[m * K4 + k4 + j] = finish(sum_a[j], k4 + j); }
    if (m + 1 < pixels) { y[(m + 1) * K4 + k4 + j] = finish(sum_b[j], k4 + j); }
  }
}
