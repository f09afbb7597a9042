// Input gradient of a convolution as an implicit matrix product, by tiles in workgroup memory: the rung for GPUs.
//
//   dx[m,c] = (Σ r,s,k dy[m∘(r,s), k] · weight[r,s,c,k] + addend[m,c]) · f′(z[m,c])    m = (n, h, w), as in conv2d.wgsl
//
// addend and f′ are there where fuse.ts has put them (ADDEND, SLOPE). Strides are taken apart by phase
// (h mod STRIDE_H, w mod STRIDE_W), so that the same taps reach all pixels of a workgroup. It computes a tile of pixels
// of a phase × channels, of one of the sizes in conv2d_tiled.wgsl; an invocation, 8 × 8 or 8 × 4 results: every DOWN-th
// pixel, every ACROSS-th channel. For each tap and 16 filters at a time, four neighbours bring dy of a pixel or weights
// of a channel, which lie side by side. The rung tiled: one group, filters divisible by 4, and 16 or more.
// Twin: test/reference/conv2d.ts.

// #import window
override WORKGROUP: u32 = 64;  // and no other: the tiles are laid out for it
override ADDEND: bool = false;
// Channels of a tile, and of an invocation; invocations along the channels, and along the other side.
const TILE_C: u32 = 64;  // baked
const CHANNELS: u32 = 8;  // baked
const ACROSS = TILE_C / CHANNELS;
const DOWN = 64 / ACROSS;
const PITCH = 5;  // vec4 from channel to channel of a tile: one more than there are, against bank conflicts

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // input
  P: u32, Q: u32, K: u32,          // output
  padding_h: i32, padding_w: i32,
  dy_pitch: u32, dy_offset: u32,   // channels of dy's pixels and where K of them begin: K, 0, but in a concatenation
}
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> weight: array<vec4f>;   // [R, S, C, K / 4]
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;       // [N, P, Q, K / 4]
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;   // [N, H, W, C]
@group(0) @binding(3) var<storage, read> addend: array<f32>;     // [N, H, W, C]
@group(0) @binding(4) var<storage, read> z: array<f32>;          // [N, H, W, C]

var<workgroup> tile: array<vec4f, 32 * DOWN>;         // dy: [pixel, k / 4]
var<workgroup> tile_w: array<vec4f, TILE_C * PITCH>;  // [channel, k / 4]
// For each pixel of the tile, the pixel of dy that reaches it by a tap; −1 where there is none.
var<workgroup> sources: array<i32, 8 * DOWN>;

// #import slope
// #import stack
// #import unravel

/// Of channel c and the three that lie ACROSS, the weights of four filters, of which i is the number: a column each.
fn weights(i: u32, c: u32) -> mat4x4f {
  return transpose(mat4x4f(tile_w[c * PITCH + i], tile_w[(c + ACROSS) * PITCH + i],
    tile_w[(c + 2 * ACROSS) * PITCH + i], tile_w[(c + 3 * ACROSS) * PITCH + i]));
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn conv2d_tiled_input_backward(
  @builtin(local_invocation_index) t: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
) {
  let phases = STRIDE_H * STRIDE_W;
  let phase = vec2u(group.z % phases / STRIDE_W, group.z % phases % STRIDE_W);  // of the pixels (h, w) computed here
  let stride = vec2u(STRIDE_H, STRIDE_W);
  let size = max((vec2u(dim.H, dim.W) + stride - 1 - phase) / stride, vec2u(1));  // rows and columns of this phase
  let count = select(0u, dim.N * size.x * size.y, phase.x < dim.H && phase.y < dim.W);
  let m0 = (group.y * groups.x + group.x) * 8 * DOWN;
  let c0 = group.z / phases * TILE_C;
  let K4 = dim.K / 4;
  let m = t / ACROSS;  // in the tile: pixels m + DOWN · i, channels c + ACROSS · j
  let c = t % ACROSS;

  var a = Stack();  // of the eight pixels, the first four channels
  var b = Stack();  // and the other four, if there are any
  for (var r = 0u; r < R; r++) {
    for (var s = 0u; s < S; s++) {
      // Pixel i of the phase is reached by p = i + ahead, if the tap is one of the phase's at all.
      let reach = vec2i(phase) + vec2i(dim.padding_h, dim.padding_w) - vec2i(vec2u(r * DILATION_H, s * DILATION_W));
      let ahead = reach / vec2i(stride);
      let astray = any(ahead >= vec2i(vec2u(dim.P, dim.Q))) || any(ahead + vec2i(size) <= vec2i());
      if (any(reach % vec2i(stride) != vec2i()) || astray) { continue; }
      for (var i = t; i < 8 * DOWN; i += 64) {
        let at = vec3i(unravel(min(m0 + i, max(count, 1u) - 1), size.x, size.y));
        let to = vec2u(at.yz + ahead);
        sources[i] = select(-1, (at.x * i32(dim.P) + i32(to.x)) * i32(dim.Q) + i32(to.y), to.x < dim.P && to.y < dim.Q);
      }
      for (var k0 = 0u; k0 < K4; k0 += 4) {
        workgroupBarrier();  // until all have read the tiles before
        let k = k0 + t % 4;
        for (var i = t / 4; i < 8 * DOWN; i += 16) {
          var v = vec4f();
          if (sources[i] >= 0 && k < K4) { v = dy[(u32(sources[i]) * dim.dy_pitch + dim.dy_offset) / 4 + k]; }
          tile[4 * i + t % 4] = v;
        }
        for (var i = t / 4; i < TILE_C; i += 16) {
          var w = vec4f();
          if (k < K4) { w = weight[((r * S + s) * dim.C + min(c0 + i, dim.C - 1)) * K4 + k]; }
          tile_w[i * PITCH + t % 4] = w;
        }
        workgroupBarrier();  // until these are whole
        for (var i = 0u; i < 4; i++) {
          let u = eight(4 * m + i, 4 * DOWN);
          a = plus(a, weights(i, c), u);
          if (CHANNELS == 8) { b = plus(b, weights(i, 4 * ACROSS + c), u); }
        }
      }
    }
  }
  for (var i = 0u; i < 8; i++) {
    let to = m0 + m + DOWN * i;  // pixel of the phase
    let at = unravel(to, size.x, size.y);
    let pixel = ((at.x * dim.H + at.y * STRIDE_H + phase.x) * dim.W + at.z * STRIDE_W + phase.y) * dim.C;
    var near = a[0];
    var far = b[0];
    for (var j = 0u; j < 4; j++) {
      if (to < count) {
        finish(pixel, c0 + c + ACROSS * j, near.x);
        if (CHANNELS == 8) { finish(pixel, c0 + c + ACROSS * (4 + j), far.x); }
      }
      near = near.yzww;
      far = far.yzww;
    }
    a = rest(a);
    b = rest(b);
  }
}

fn finish(pixel: u32, channel: u32, sum: f32) {
  if (channel >= dim.C) { return; }
  var v = sum;
  if (ADDEND) { v += addend[pixel + channel]; }
  if (SLOPE > 0) { v *= slope(z[pixel + channel]); }
  dx[pixel + channel] = v;
}
