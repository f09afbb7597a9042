// 2-D convolution as an implicit matrix product, by tiles in workgroup memory: the rung for GPUs.
//
//   y[m,k] = f(bias[k] + Σ r,j  x[m∘(r,j)] · weight[r,j,k] + addend[m,k]) m = (n, p, q), j = s·C + c, as in conv2d.wgsl
//
// A workgroup computes a tile of 64 pixels × 64 filters or 128 × 32 or, where too much would hang over or too few
// workgroups be left, half of one: 32 × 64 or 128 × 16. An invocation computes 8 × 8 results: every DOWN-th pixel, and
// four filters in either half of the tile, so that neighbours read neighbouring banks; of half a tile 8 × 4. It takes a
// row r of the window and 16 j at a time: four neighbours bring 16 x of a pixel, which lie side by side, and all bring
// weights; then 16 vec4 read from the tiles feed 256 multiply-adds, or 12 feed 128. The rung tiled: one group, filters
// divisible by 4, and 16 or more. Where channels divide by 4, too, WIDTH is 4 and x comes by fours.
// Twin: test/reference/conv2d.ts.

// #import clock
// #import window
override WORKGROUP: u32 = 64;  // and no other: the tiles are laid out for it
override BIAS: bool = true;
override SCALED: bool = false;  // as in lib/bias.wgsl
override ACTIVATION: u32 = 0;
override ADDEND: bool = false;
// Filters of a tile, and of an invocation; invocations along the filters, and along the other side.
const TILE_K: u32 = 64;  // baked
const FILTERS: u32 = 8;  // baked
const ACROSS = TILE_K / FILTERS;
const DOWN = 64 / ACROSS;
const QUADS = TILE_K / 4;
const NOWHERE = -0x40000000;  // a column that no image has; nor is the sum of two of them one

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // input
  P: u32, Q: u32, K: u32,          // output
  padding_h: i32, padding_w: i32,
  y_pitch: u32, y_offset: u32,     // channels of y's pixels and where K of them begin: K, 0, but in a concatenation
  stream: u32, threshold: u32, scale: f32,  // where DROP: as in dropout.wgsl
}
@group(1) @binding(0) var<uniform> dim: Params;

// #import value
@group(0) @binding(0) var<storage, read> x: array<Value>;       // [N, H, W, C]
@group(0) @binding(1) var<storage, read> weight: array<vec4f>;  // [R, S, C, K / 4]
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;    // [K / 4]
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>; // [N, P, Q, K / 4]
@group(0) @binding(4) var<storage, read> addend: array<vec4f>;  // where ADDEND: [N, P, Q, K / 4]
@group(0) @binding(5) var<storage, read> clock: Clock;          // where DROP

var<workgroup> tile: array<vec4f, 32 * DOWN>;     // x: [pixel, j / 4]
var<workgroup> tile_w: array<vec4f, 16 * QUADS>;  // [16 j, k / 4]
// For each pixel, what row r of its window sees: the first pixel of that row of x, and the column under the first tap.
var<workgroup> starts: array<vec2i, 8 * DOWN>;

// #import activation
// #import drop
// #import stack
// #import unravel

/// Of element j = s·C + c of a row of the window: its column, from the first tap on, and its channel.
fn element(j: u32) -> vec2i {
  let s = j / dim.C;
  return vec2i(select(NOWHERE, i32(s * DILATION_W), s < S), i32(j - s * dim.C));
}

/// x of an element `at` of a window that begins at `start`; 0 outside the image, where w as u32 is W or more.
fn load(start: vec2i, at: vec2i) -> vec4f {
  let w = start.y + at.x;
  var v = vec4f();
  if (u32(w) < dim.W) { v = vec4f(x[((start.x + w) * i32(dim.C) + at.y) / i32(WIDTH)]); }
  return v;
}

/// Of four filters k, the weights of four elements, of which i is the number: a column each.
fn weights(i: u32, k: u32) -> mat4x4f {
  let at = 4 * i * QUADS + k;
  return mat4x4f(tile_w[at], tile_w[at + QUADS], tile_w[at + 2 * QUADS], tile_w[at + 3 * QUADS]);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn conv2d_tiled_forward(
  @builtin(local_invocation_index) t: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
) {
  let K4 = dim.K / 4;
  let elements = S * dim.C;
  let m0 = (group.y * groups.x + group.x) * 8 * DOWN;
  let k0 = group.z * QUADS;       // in vec4, as k
  let m = t / ACROSS;             // in the tile: pixels m + DOWN · i, vec4 of filters k and k + ACROSS
  let k = t % ACROSS;

  var a = Stack();  // of the eight pixels, the first four filters
  var b = Stack();  // and the other four, if there are any
  for (var r = 0u; r < R; r++) {
    let down = i32(r * DILATION_H) - dim.padding_h;
    if (down >= i32(dim.H) || down + i32((dim.P - 1) * STRIDE_H) < 0) { continue; }  // sees no row of any image
    for (var i = t; i < 8 * DOWN; i += 64) {
      let at = unravel(min(m0 + i, dim.N * dim.P * dim.Q - 1), dim.P, dim.Q);
      let h = i32(at.y * STRIDE_H) + down;
      let column = select(NOWHERE, i32(at.z * STRIDE_W) - dim.padding_w, u32(h) < dim.H);
      starts[i] = vec2i((i32(at.x * dim.H) + h) * i32(dim.W), column);
    }
    for (var j0 = 0u; j0 < elements; j0 += 16) {
      workgroupBarrier();  // until all have read the tiles before
      let j = j0 + 4 * (t % 4);
      let one = element(j);
      for (var i = t / 4; i < 8 * DOWN; i += 16) {
        let start = starts[i];
        var v = load(start, one);
        if (WIDTH == 1) {
          v = vec4f(v.x, load(start, element(j + 1)).x, load(start, element(j + 2)).x, load(start, element(j + 3)).x);
        }
        tile[4 * i + t % 4] = v;
      }
      for (var i = t; i < 16 * QUADS; i += 64) {
        let j = j0 + i / QUADS;
        var w = vec4f();
        if (j < elements) { w = weight[(r * elements + j) * K4 + min(k0 + i % QUADS, K4 - 1)]; }
        tile_w[i] = w;
      }
      workgroupBarrier();  // until these are whole
      for (var i = 0u; i < 4; i++) {
        let u = eight(4 * m + i, 4 * DOWN);
        a = plus(a, weights(i, k), u);
        if (FILTERS == 8) { b = plus(b, weights(i, ACROSS + k), u); }
      }
    }
  }
  for (var i = 0u; i < 8; i++) {
    finish(m0 + m + DOWN * i, k0 + k, a[0]);
    if (FILTERS == 8) { finish(m0 + m + DOWN * i, k0 + ACROSS + k, b[0]); }
    a = rest(a);
    b = rest(b);
  }
}

fn finish(m: u32, k4: u32, sum: vec4f) {
  if (m >= dim.N * dim.P * dim.Q || k4 >= dim.K / 4) { return; }
  let at = m * (dim.K / 4) + k4;
  var v = sum;
  if (SCALED) { v = v * bias[k4] + bias[dim.K / 4 + k4]; } else if (BIAS) { v += bias[k4]; }
  if (ADDEND) { v += addend[at]; }
  v = vec4f(single(v.x), single(v.y), single(v.z), single(v.w));
  if (DROP) { v *= factors(at); }
  y[(m * dim.y_pitch + dim.y_offset) / 4 + k4] = v;
}

/// The activation of one number, whatever a Value is.
fn single(v: f32) -> f32 { return vec4f(activate(Value(v))).x; }
