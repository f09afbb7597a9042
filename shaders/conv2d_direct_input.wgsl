// Input gradient of a convolution by register tiles and subgroup broadcast: no barrier, no workgroup memory.
//
//   dx[m,c] = Σ r,s,k dy[m∘(r,s), k] · weight[r,s,c,k]        m = (n, h, w), as in conv2d.wgsl
//
// An invocation computes 2 pixels × 8 channels, from weights as vec4 along k that the lanes load and share by broadcast.
// Strides are taken apart by phase (h mod STRIDE_H, w mod STRIDE_W), so that all pixels of a workgroup are reached by the
// same taps and none is multiplied by zero. The direct rung: one group, filters divisible by 4, subgroups of 4 or more.
// Twin: test/reference/conv2d.ts.
enable subgroups;

override WORKGROUP: u32 = 64;
override R: u32 = 3;
override S: u32 = 3;
override STRIDE_H: u32 = 1;
override STRIDE_W: u32 = 1;
override DILATION_H: u32 = 1;
override DILATION_W: u32 = 1;

// Lanes of a subgroup, at most 8 of which are told apart.
const LANES: u32 = 4;  // tune
const UPPER = 4 % LANES;  // where the second four begin: in the upper lanes, or in `more` of all

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // input
  P: u32, Q: u32, K: u32,          // output
  padding_h: i32, padding_w: i32,
}
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> weight: array<vec4f>;  // [R, S, C, K / 4]
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;      // [N, P, Q, K / 4]
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;  // [N, H, W, C]

// #import pixel

@compute @workgroup_size(WORKGROUP, 1, 1)
fn conv2d_direct_input_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let phases = STRIDE_H * STRIDE_W;
  let first = i32(group.z % phases);  // pixels with h mod STRIDE_H and w mod STRIDE_W as here
  let phase = vec2i(first / i32(STRIDE_W), first % i32(STRIDE_W));
  let stride = vec2i(i32(STRIDE_H), i32(STRIDE_W));
  let size = (vec2u(dim.H, dim.W) + vec2u(stride - phase) - 1) / vec2u(stride);  // rows and columns of this phase
  let m = 2 * (id.y * groups.x * WORKGROUP + id.x);
  let K4 = dim.K / 4;
  let c0 = 8 * (group.z / phases);
  let mine = min(c0 + lane % 8, dim.C - 1);
  let other = min(c0 + 4 + lane % 4, dim.C - 1);  // with 4 lanes, each loads two channels
  let a = pixel(m, dim.N, size.x, size.y);
  let b = pixel(m + 1, dim.N, size.x, size.y);
  let in_a = a.xy * stride + phase;
  let in_b = b.xy * stride + phase;

  var low_a = vec4f(); var high_a = vec4f();  // 8 channels of pixel a
  var low_b = vec4f(); var high_b = vec4f();
  for (var r = 0u; r < R; r++) {
    for (var s = 0u; s < S; s++) {
      let tap = vec2i(dim.padding_h, dim.padding_w) - vec2i(vec2u(r * DILATION_H, s * DILATION_W));
      if (any((phase + tap) % stride != vec2i())) { continue; }  // reaches no pixel of this phase
      let from_a = (in_a + tap) / stride;
      let from_b = (in_b + tap) / stride;
      let a_in = inside(from_a, dim.P, dim.Q) && all(in_a + tap >= vec2i());
      let b_in = inside(from_b, dim.P, dim.Q) && all(in_b + tap >= vec2i());
      let at_a = u32((a.z * i32(dim.P) + from_a.x) * i32(dim.Q) + from_a.y) * K4;
      let at_b = u32((b.z * i32(dim.P) + from_b.x) * i32(dim.Q) + from_b.y) * K4;
      let row = (r * S + s) * dim.C;
      for (var k = 0u; k < K4; k++) {
        let held = weight[(row + mine) * K4 + k];
        var more = held;
        if (LANES < 8) { more = weight[(row + other) * K4 + k]; }
        var u = vec4f();
        var v = vec4f();
        if (a_in) { u = dy[at_a + k]; }
        if (b_in) { v = dy[at_b + k]; }
        let w = mat4x4f(subgroupBroadcast(held, 0u), subgroupBroadcast(held, 1u), subgroupBroadcast(held, 2u), subgroupBroadcast(held, 3u));
        let z = mat4x4f(subgroupBroadcast(more, UPPER), subgroupBroadcast(more, UPPER + 1), subgroupBroadcast(more, UPPER + 2), subgroupBroadcast(more, UPPER + 3));
        low_a += u * w;
        high_a += u * z;
        low_b += v * w;
        high_b += v * z;
      }
    }
  }
  let pixels = dim.N * size.x * size.y;
  let to_a = u32((a.z * i32(dim.H) + in_a.x) * i32(dim.W) + in_a.y) * dim.C + c0;
  let to_b = u32((b.z * i32(dim.H) + in_b.x) * i32(dim.W) + in_b.y) * dim.C + c0;
  for (var j = 0u; j < 4; j++) {
    if (m < pixels && c0 + j < dim.C) { dx[to_a + j] = low_a[j]; }
    if (m < pixels && c0 + 4 + j < dim.C) { dx[to_a + 4 + j] = high_a[j]; }
    if (m + 1 < pixels && c0 + j < dim.C) { dx[to_b + j] = low_b[j]; }
    if (m + 1 < pixels && c0 + 4 + j < dim.C) { dx[to_b + 4 + j] = high_b[j]; }
  }
}
