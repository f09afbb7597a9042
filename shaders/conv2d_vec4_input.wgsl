// Input gradient of a convolution by register tiles, subgroup broadcast and sliding pixels: no barrier, no workgroup memory.
//
//   dx[m,c] = (Σ r,s,k dy[m∘(r,s), k] · weight[r,s,c,k] + addend[m,c]) · f′(z[m,c])        m = (n, h, w), as in conv2d.wgsl
//
// addend where ADDEND, f′ by SLOPE where fuse.ts put them here. An invocation computes 4 pixels of a row × 16 channels, four filters
// at a time (lib/strip.wgsl). Strides are taken apart by phase (h mod STRIDE_H, w mod STRIDE_W): the four are neighbours in their
// phase, reached by the same taps, and none is multiplied by zero. From tap to tap they slide, as in conv2d_vec4.wgsl: one dy is
// loaded, and weights, along k, once a subgroup. The direct rung where channels and filters divide by 4: one group, subgroups of
// 4 or more. Twin: test/reference/conv2d.ts.
enable subgroups;
alias Value = vec4f;

// #import stride
// #import lanes
override WORKGROUP: u32 = 16;
override HALF: bool = false;  // at most 8 channels
override ADDEND: bool = false;

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // input
  P: u32, Q: u32, K: u32,          // output
  padding_h: i32, padding_w: i32,
  R: u32, S: u32,                  // window
  dy_pitch: u32, dy_offset: u32,   // channels of dy's pixels, K, and where these begin, 0: unless they are a part of a concatenation's
  fused: u32,                      // 1: ADDEND is meant for this step, 2: SLOPE
}
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> weight: array<vec4f>;   // [R, S, C, K / 4]
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;       // [N, P, Q, K / 4]
@group(0) @binding(2) var<storage, read_write> dx: array<vec4f>; // [N, H, W, C / 4]
@group(0) @binding(3) var<storage, read> addend: array<vec4f>;   // [N, H, W, C]
@group(0) @binding(4) var<storage, read> z: array<vec4f>;        // [N, H, W, C]

// #import slope
// #import strip

@compute @workgroup_size(WORKGROUP, 1, 1)
fn conv2d_vec4_input_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let strip = strip(id.y * groups.x * WORKGROUP + id.x, group.z, lane);
  var sum = strip.sum;
  for (var c = strip.c; c < min(strip.c + 16, dim.C); c += 4) {  // what is written next moves up, as in lib/finish.wgsl
    var pixels = transpose(sum[0]);
    for (var m = strip.m; m < strip.end; m += STRIDE_W) {
      let at = (m * dim.C + c) / 4;
      var v = pixels[0];
      if (ADDEND && (dim.fused & 1) > 0) { v += addend[at]; }
      if (SLOPE > 0 && (dim.fused & 2) > 0) { v *= slope(z[at]); }
      dx[at] = v;
      pixels = mat4x4f(pixels[1], pixels[2], pixels[3], pixels[3]);
    }
    sum = array<mat4x4f, 4>(sum[1], sum[2], sum[3], sum[3]);
  }
}
