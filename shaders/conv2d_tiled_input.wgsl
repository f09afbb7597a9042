// Input gradient of a convolution as an implicit matrix product, by tiles in workgroup memory: the rung for GPUs.
//
//   dx[m,c] = (Σ r,s,k dy[m∘(r,s), k] · weight[r,s,c,k] + addend[m,c]) · f′(z[m,c])        m = (n, h, w), as in conv2d.wgsl
//
// addend where ADDEND, f′ by SLOPE where fuse.ts put them here. Strides are taken apart by phase (h mod STRIDE_H, w mod STRIDE_W),
// so that all pixels of a workgroup are reached by the same taps. A workgroup computes 64 pixels of a phase × 64 channels, an
// invocation 8 × 8 of them: pixels m + 8 i, channels c + 8 j. For each tap and 16 filters at a time every invocation brings one
// pixel's dy and one channel's weights, both by fours along k. One group, filters divisible by 4. Twin: test/reference/conv2d.ts.

// #import window
override WORKGROUP: u32 = 64;  // and no other: the tiles are laid out for it
override ADDEND: bool = false;
const PITCH = 5;  // vec4 from row to row of a tile: one more than there are, against bank conflicts

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // input
  P: u32, Q: u32, K: u32,          // output
  padding_h: i32, padding_w: i32,
}
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> weight: array<vec4f>;   // [R, S, C, K / 4]
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;       // [N, P, Q, K / 4]
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;   // [N, H, W, C]
@group(0) @binding(3) var<storage, read> addend: array<f32>;     // [N, H, W, C]
@group(0) @binding(4) var<storage, read> z: array<f32>;          // [N, H, W, C]

var<workgroup> tile_dy: array<vec4f, 64 * PITCH>;  // [pixel, k / 4]
var<workgroup> tile_w: array<vec4f, 64 * PITCH>;   // [channel, k / 4]

// #import slope

@compute @workgroup_size(WORKGROUP, 1, 1)
fn conv2d_tiled_input_backward(@builtin(local_invocation_index) t: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let phases = STRIDE_H * STRIDE_W;
  let phase = vec2u(group.z % phases / STRIDE_W, group.z % phases % STRIDE_W);  // of the pixels (h, w) computed here
  let stride = vec2u(STRIDE_H, STRIDE_W);
  let size = max((vec2u(dim.H, dim.W) + stride - 1 - phase) / stride, vec2u(1));  // rows and columns of this phase
  let count = select(0u, dim.N * size.x * size.y, phase.x < dim.H && phase.y < dim.W);
  let m0 = (group.y * groups.x + group.x) * 64;
  let c0 = group.z / phases * 64;
  let K4 = dim.K / 4;
  let at = min(m0 + t, max(count, 1u) - 1);  // the pixel whose dy this invocation brings
  let here = vec2i(vec2u(at / size.y % size.x, at % size.y));
  let image = i32(at / (size.x * size.y) * dim.P);
  let channel = min(c0 + t, dim.C - 1);      // and the channel whose weights
  let m = t / 8;
  let c = t % 8;

  var a = array<vec4f, 8>();  // channels c, c + 8, c + 16, c + 24 of the eight pixels
  var b = array<vec4f, 8>();  // channels c + 32 …
  for (var r = 0u; r < R; r++) {
    for (var s = 0u; s < S; s++) {
      let reach = vec2i(phase) + vec2i(dim.padding_h, dim.padding_w) - vec2i(vec2u(r * DILATION_H, s * DILATION_W));
      if (any(reach % vec2i(stride) != vec2i())) { continue; }  // reaches no pixel of this phase
      let to = here + reach / vec2i(stride);
      let inside = all(to >= vec2i()) && to.x < i32(dim.P) && to.y < i32(dim.Q);
      let pixel = u32((image + to.x) * i32(dim.Q) + to.y) * K4;
      for (var k0 = 0u; k0 < K4; k0 += 4) {
        workgroupBarrier();
        for (var i = 0u; i < 4; i++) {
          var v = vec4f();
          if (inside && k0 + i < K4) { v = dy[pixel + k0 + i]; }
          tile_dy[t * PITCH + i] = v;
          var w = vec4f();
          if (k0 + i < K4) { w = weight[((r * S + s) * dim.C + channel) * K4 + k0 + i]; }
          tile_w[t * PITCH + i] = w;
        }
        workgroupBarrier();
        for (var i = 0u; i < 4; i++) {
          let u = array<vec4f, 8>(tile_dy[m * PITCH + i], tile_dy[(m + 8) * PITCH + i], tile_dy[(m + 16) * PITCH + i], tile_dy[(m + 24) * PITCH + i],
            tile_dy[(m + 32) * PITCH + i], tile_dy[(m + 40) * PITCH + i], tile_dy[(m + 48) * PITCH + i], tile_dy[(m + 56) * PITCH + i]);
          let v = mat4x4f(tile_w[c * PITCH + i], tile_w[(c + 8) * PITCH + i], tile_w[(c + 16) * PITCH + i], tile_w[(c + 24) * PITCH + i]);
          let w = mat4x4f(tile_w[(c + 32) * PITCH + i], tile_w[(c + 40) * PITCH + i], tile_w[(c + 48) * PITCH + i], tile_w[(c + 56) * PITCH + i]);
          a[0] += u[0] * v; a[1] += u[1] * v; a[2] += u[2] * v; a[3] += u[3] * v; a[4] += u[4] * v; a[5] += u[5] * v; a[6] += u[6] * v; a[7] += u[7] * v;
          b[0] += u[0] * w; b[1] += u[1] * w; b[2] += u[2] * w; b[3] += u[3] * w; b[4] += u[4] * w; b[5] += u[5] * w; b[6] += u[6] * w; b[7] += u[7] * w;
        }
      }
    }
  }
  for (var i = 0u; i < 8; i++) {
    let to = m0 + m + 8 * i;
    let h = to / size.y % size.x * STRIDE_H + phase.x;
    let w = to % size.y * STRIDE_W + phase.y;
    let pixel = ((to / (size.x * size.y) * dim.H + h) * dim.W + w) * dim.C;
    for (var j = 0u; j < 4 && to < count; j++) {
      finish(pixel, c0 + c + 8 * j, a[i][j]);
      finish(pixel, c0 + c + 32 + 8 * j, b[i][j]);
    }
  }
}

fn finish(pixel: u32, channel: u32, sum: f32) {
  if (channel >= dim.C) { return; }
  var v = sum;
  if (ADDEND) { v += addend[pixel + channel]; }
  if (SLOPE > 0) { v *= slope(z[pixel + channel]); }
  dx[pixel + channel] = v;
}
