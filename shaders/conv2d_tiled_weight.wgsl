// Weight and bias gradient of a convolution as a matrix product, by split-K and tiles in workgroup memory: the rung for GPUs.
//
//   partial[z,r,j,k]   = Σ m in split z  x[m∘(r,j)] · dy[m,k]        m = (n, p, q), j = s·C + c, as in conv2d.wgsl
//   partial_bias[z,k]  = Σ m in split z  dy[m,k]
//
// A workgroup sums 64 j of one row r of the window × 64 filters, or 128 × 32, or 32 × 128, whichever leaves the least over, for one
// split of `span` pixels; an invocation 8 × 8 of them: j and filters by fours, 4 j … and half a tile on, so that neighbours read
// neighbouring banks. 16 pixels of x and dy are brought at a time. Where there is one split, the partial sums are the gradient;
// else reduce.wgsl adds them up. One group, filters divisible by 4; where channels do too, WIDTH is 4. Twin: test/reference/conv2d.ts.

const COLUMNS = 4;
// #import outer
// #import window
override WORKGROUP: u32 = 64;  // and no other: the tiles are laid out for it
override BIAS: bool = true;
// Filters of a tile of 4096 results; invocations along them, and along the other side.
const TILE_K: u32 = 64;  // tune
const ACROSS = TILE_K / 8;
const DOWN = 64 / ACROSS;

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // input
  P: u32, Q: u32, K: u32,          // output
  padding_h: i32, padding_w: i32,
  span: u32,
}
@group(1) @binding(0) var<uniform> dim: Params;

// #import unravel
// #import value
@group(0) @binding(0) var<storage, read> x: array<Value>;                  // [N, H, W, C]
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;                 // [N, P, Q, K / 4]
@group(0) @binding(2) var<storage, read_write> partial: array<vec4f>;      // [splits, R, S, C, K / 4]
@group(0) @binding(3) var<storage, read_write> partial_bias: array<vec4f>; // [splits, K / 4]

var<workgroup> tile_x: array<vec4f, 32 * DOWN>;     // [16 pixels, j / 4]
var<workgroup> tile_dy: array<vec4f, 32 * ACROSS>;  // [16 pixels, k / 4]

/// Element j = s·C + c of row r of the window at pixel m; 0 outside the image.
fn load(m: u32, r: u32, j: u32, end: u32) -> vec4f {
  let at = unravel(m, dim.P, dim.Q);
  let h = i32(at.y * STRIDE_H + r * DILATION_H) - dim.padding_h;
  let w = i32(at.z * STRIDE_W + j / dim.C * DILATION_W) - dim.padding_w;
  var v = vec4f();
  if (m < end && j < S * dim.C && h >= 0 && h < i32(dim.H) && w >= 0 && w < i32(dim.W)) {
    v = vec4f(x[(((at.x * dim.H + u32(h)) * dim.W + u32(w)) * dim.C + j % dim.C) / WIDTH]);
  }
  return v;
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn conv2d_tiled_weight_partial(@builtin(local_invocation_index) t: u32, @builtin(workgroup_id) group: vec3u) {
  let K4 = dim.K / 4;
  let across = (S * dim.C + 8 * DOWN - 1) / (8 * DOWN);  // tiles in a row of the window
  let r = group.x / across;
  let j0 = group.x % across * 8 * DOWN;
  let k0 = group.y * 2 * ACROSS;       // the first vec4 of filters
  let begin = group.z * dim.span;
  let end = min(begin + dim.span, dim.N * dim.P * dim.Q);
  let j = t / ACROSS;
  let k = t % ACROSS;

  var a = mat4x4f(); var b = mat4x4f();  // filters 4 k … of j 4 j … and 4 (DOWN + j) …; columns are j
  var c = mat4x4f(); var d = mat4x4f();  // filters 4 (ACROSS + k) …
  var low = vec4f(); var high = vec4f();
  for (var at = begin; at < end; at += 16) {
    workgroupBarrier();
    for (var i = t; i < 32 * DOWN; i += 64) {
      let m = at + i / (2 * DOWN);
      let from_j = j0 + 4 * (i % (2 * DOWN));
      var v = load(m, r, from_j, end);
      if (WIDTH == 1) { v = vec4f(v.x, load(m, r, from_j + 1, end).x, load(m, r, from_j + 2, end).x, load(m, r, from_j + 3, end).x); }
      tile_x[i] = v;
    }
    for (var i = t; i < 32 * ACROSS; i += 64) {
      let m = at + i / (2 * ACROSS);
      let from_k = k0 + i % (2 * ACROSS);
      var w = vec4f();
      if (m < end && from_k < K4) { w = dy[m * K4 + from_k]; }
      tile_dy[i] = w;
    }
    workgroupBarrier();
    for (var i = 0u; i < 16; i++) {
      let u = tile_x[2 * i * DOWN + j];
      let v = tile_x[(2 * i + 1) * DOWN + j];
      let p = tile_dy[2 * i * ACROSS + k];
      let q = tile_dy[(2 * i + 1) * ACROSS + k];
      a = a + outer(p, u);
      b = b + outer(p, v);
      c = c + outer(q, u);
      d = d + outer(q, v);
      low += p;
      high += q;
    }
  }
  let row = (group.z * R + r) * S * dim.C;
  for (var i = 0u; i < 4; i++) {
    finish(row, j0 + 4 * j + i, k0 + k, a[i]);
    finish(row, j0 + 4 * (DOWN + j) + i, k0 + k, b[i]);
    finish(row, j0 + 4 * j + i, k0 + ACROSS + k, c[i]);
    finish(row, j0 + 4 * (DOWN + j) + i, k0 + ACROSS + k, d[i]);
  }
  if (!BIAS || group.x != 0 || j != 0) { return; }
  if (k0 + k < K4) { partial_bias[group.z * K4 + k0 + k] = low; }
  if (k0 + ACROSS + k < K4) { partial_bias[group.z * K4 + k0 + ACROSS + k] = high; }
}

fn finish(row: u32, column: u32, k4: u32, sum: vec4f) {
  if (column < S * dim.C && k4 < dim.K / 4) { partial[(row + column) * (dim.K / 4) + k4] = sum; }
}
