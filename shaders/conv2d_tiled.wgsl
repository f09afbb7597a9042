// 2-D convolution as an implicit matrix product, by tiles in workgroup memory: the rung for GPUs.
//
//   y[m,k] = f(bias[k] + Σ r,j  x[m∘(r,j)] · weight[r,j,k] + addend[m,k])        m = (n, p, q), j = s·C + c, as in conv2d.wgsl
//
// A workgroup computes 64 pixels × 64 filters or, where that leaves less over, 128 × 32; an invocation 8 × 8 of them: every DOWN-th
// pixel, and filters 4 k … and half a tile on, so that neighbours read neighbouring banks. For each row r of the window, and 16 j at
// a time, every invocation brings x of a pixel or two and some weights; 16 vec4 read from the tiles feed 256 multiply-adds. One
// group, filters divisible by 4; where channels do too, WIDTH is 4 and x comes by fours. Twin: test/reference/conv2d.ts.

// #import window
override WORKGROUP: u32 = 64;  // and no other: the tiles are laid out for it
override BIAS: bool = true;
override SCALED: bool = false;  // as in lib/bias.wgsl
override ACTIVATION: u32 = 0;
override ADDEND: bool = false;
// Filters of a tile of 4096 results; invocations along them, and along the other side.
const TILE_K: u32 = 64;  // tune
const ACROSS = TILE_K / 8;
const DOWN = 64 / ACROSS;
const PITCH = 5;  // vec4 from pixel to pixel in the tile of x: one more than there are, against bank conflicts

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // input
  P: u32, Q: u32, K: u32,          // output
  padding_h: i32, padding_w: i32,
}
@group(1) @binding(0) var<uniform> dim: Params;

// #import value
@group(0) @binding(0) var<storage, read> x: array<Value>;       // [N, H, W, C]
@group(0) @binding(1) var<storage, read> weight: array<vec4f>;  // [R, S, C, K / 4]
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;    // [K / 4]
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>; // [N, P, Q, K / 4]
@group(0) @binding(4) var<storage, read> addend: array<vec4f>;  // where ADDEND: [N, P, Q, K / 4]

var<workgroup> tile_x: array<vec4f, 8 * DOWN * PITCH>;  // [pixel, j / 4]
var<workgroup> tile_w: array<vec4f, 32 * ACROSS>;       // [16 j, k / 4]

// #import activation
// #import unravel

/// Element j = s·C + c of a row of the window whose first pixel is `left`; 0 outside the image.
fn load(row: i32, left: i32, width: u32, j: u32) -> vec4f {
  let w = left + i32(j / dim.C * DILATION_W);
  var v = vec4f();
  if (u32(w) < width && j < S * dim.C) { v = vec4f(x[((row + w) * i32(dim.C) + i32(j % dim.C)) / i32(WIDTH)]); }
  return v;
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn conv2d_tiled_forward(@builtin(local_invocation_index) t: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let K4 = dim.K / 4;
  let pixels = dim.N * dim.P * dim.Q;
  let m0 = (group.y * groups.x + group.x) * 8 * DOWN;
  let k0 = group.z * 2 * ACROSS;                // the first vec4 of filters
  let m = t / ACROSS;
  let k = t % ACROSS;
  var corners = array<vec3i, DOWN / 8>();       // first row of the image, top and left of the windows whose x this invocation brings
  for (var i = 0u; i < DOWN / 8; i++) {
    let at = unravel(min(m0 + t + 64 * i, pixels - 1), dim.P, dim.Q);
    corners[i] = vec3i(at * vec3u(dim.H, STRIDE_H, STRIDE_W)) - vec3i(0, dim.padding_h, dim.padding_w);
  }

  var a = array<vec4f, 8>();  // filters 4 k … of the eight pixels
  var b = array<vec4f, 8>();  // filters 4 (ACROSS + k) …
  for (var r = 0u; r < R; r++) {
    for (var j0 = 0u; j0 < S * dim.C; j0 += 16) {
      workgroupBarrier();
      for (var i = 0u; i < DOWN / 2; i++) {
        let corner = corners[i / 4];
        let h = corner.y + i32(r * DILATION_H);
        let width = select(0u, dim.W, h >= 0 && h < i32(dim.H));
        let row = (corner.x + h) * i32(dim.W);
        let j = j0 + 4 * (i % 4);
        var v = load(row, corner.z, width, j);
        if (WIDTH == 1) { v = vec4f(v.x, load(row, corner.z, width, j + 1).x, load(row, corner.z, width, j + 2).x, load(row, corner.z, width, j + 3).x); }
        tile_x[(t + i / 4 * 64) * PITCH + i % 4] = v;
      }
      for (var i = t; i < 32 * ACROSS; i += 64) {
        let j = j0 + i / (2 * ACROSS);
        var w = vec4f();
        if (j < S * dim.C) { w = weight[(r * S * dim.C + j) * K4 + min(k0 + i % (2 * ACROSS), K4 - 1)]; }
        tile_w[i] = w;
      }
      workgroupBarrier();
      for (var i = 0u; i < 4; i++) {
        let u = array<vec4f, 8>(tile_x[m * PITCH + i], tile_x[(m + DOWN) * PITCH + i], tile_x[(m + 2 * DOWN) * PITCH + i], tile_x[(m + 3 * DOWN) * PITCH + i],
          tile_x[(m + 4 * DOWN) * PITCH + i], tile_x[(m + 5 * DOWN) * PITCH + i], tile_x[(m + 6 * DOWN) * PITCH + i], tile_x[(m + 7 * DOWN) * PITCH + i]);
        let v = mat4x4f(tile_w[8 * i * ACROSS + k], tile_w[(8 * i + 2) * ACROSS + k], tile_w[(8 * i + 4) * ACROSS + k], tile_w[(8 * i + 6) * ACROSS + k]);
        let w = mat4x4f(tile_w[(8 * i + 1) * ACROSS + k], tile_w[(8 * i + 3) * ACROSS + k], tile_w[(8 * i + 5) * ACROSS + k], tile_w[(8 * i + 7) * ACROSS + k]);
        a[0] += v * u[0]; a[1] += v * u[1]; a[2] += v * u[2]; a[3] += v * u[3]; a[4] += v * u[4]; a[5] += v * u[5]; a[6] += v * u[6]; a[7] += v * u[7];
        b[0] += w * u[0]; b[1] += w * u[1]; b[2] += w * u[2]; b[3] += w * u[3]; b[4] += w * u[4]; b[5] += w * u[5]; b[6] += w * u[6]; b[7] += w * u[7];
      }
    }
  }
  for (var i = 0u; i < 8; i++) {
    finish(m0 + m + DOWN * i, k0 + k, a[i]);
    finish(m0 + m + DOWN * i, k0 + ACROSS + k, b[i]);
  }
}

fn finish(m: u32, k4: u32, sum: vec4f) {
  if (m >= dim.N * dim.P * dim.Q || k4 >= dim.K / 4) { return; }
  let at = m * (dim.K / 4) + k4;
  var v = sum;
  if (SCALED) { v = v * bias[k4] + bias[dim.K / 4 + k4]; } else if (BIAS) { v += bias[k4]; }
  if (ADDEND) { v += addend[at]; }
  y[at] = vec4f(single(v.x), single(v.y), single(v.z), single(v.w));
}

/// The activation of one number, whatever a Value is.
fn single(v: f32) -> f32 { return vec4f(activate(Value(v))).x; }
