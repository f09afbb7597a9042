// Weight and bias gradient of a convolution as a matrix product,
// by split-K and tiles in workgroup memory: the rung for GPUs.
//
//   partial[z,j,k]     = Σ m in split z  x[m∘j] · dy[m,k]        m = (n, p, q), j = (r·S + s)·C + c, as in conv2d.wgsl
//   partial_bias[z,k]  = Σ m in split z  dy[m,k]
//
// A workgroup sums 64 j × 64 filters, or 128 × 32, or 32 × 128, whichever leaves the least over, for one split of
// `span` pixels; an invocation 8 × 8 of them: j and filters by fours, 4 j … and half a tile on, so that neighbours read
// neighbouring banks. 16 pixels of x and dy are brought at a time, by each invocation x of the same j. Where there is
// one split, the partial sums are the gradient; else reduce.wgsl adds them up. One group, filters divisible by 4; where
// channels do too, WIDTH is 4. Twin: test/reference/conv2d.ts.

const COLUMNS = 4;
// #import outer
// #import window
override WORKGROUP: u32 = 64;  // and no other: the tiles are laid out for it
override BIAS: bool = true;
// Filters of a tile of 4096 results; invocations along them, and along the other side.
const TILE_K: u32 = 64;  // baked
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

/// Row and column, from its window's first tap on, and channel of element j; a row that no image has, behind the last.
fn element(j: u32) -> vec3i {
  let tap = j / dim.C;
  let down = select(-0x40000000, i32(tap / S * DILATION_H) - dim.padding_h, tap < R * S);
  return vec3i(down, i32(tap % S * DILATION_W) - dim.padding_w, i32(j - tap * dim.C));
}

/// x of an element at a pixel (n, p, q); 0 outside the image.
fn load(at: vec3u, part: vec3i) -> vec4f {
  let h = i32(at.y * STRIDE_H) + part.x;
  let w = i32(at.z * STRIDE_W) + part.y;
  var v = vec4f();
  if (u32(h) < dim.H && u32(w) < dim.W) {
    v = vec4f(x[(((at.x * dim.H + u32(h)) * dim.W + u32(w)) * dim.C + u32(part.z)) / WIDTH]);
  }
  return v;
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn conv2d_tiled_weight_partial(@builtin(local_invocation_index) t: u32, @builtin(workgroup_id) group: vec3u) {
  let K4 = dim.K / 4;
  let j0 = group.x * 8 * DOWN;
  let k0 = group.y * 2 * ACROSS;  // the first vec4 of filters
  let begin = group.z * dim.span;
  let end = min(begin + dim.span, dim.N * dim.P * dim.Q);
  let j = t / ACROSS;
  let k = t % ACROSS;
  let mine = j0 + 4 * (t % (2 * DOWN));  // the j that this invocation brings, of each of its pixels
  let parts = array<vec3i, 4>(element(mine), element(mine + 1), element(mine + 2), element(mine + 3));

  var a = mat4x4f(); var b = mat4x4f();  // filters 4 k … of j 4 j … and 4 (DOWN + j) …; columns are j
  var c = mat4x4f(); var d = mat4x4f();  // filters 4 (ACROSS + k) …
  var low = vec4f(); var high = vec4f();
  for (var at = begin; at < end; at += 16) {
    workgroupBarrier();
    for (var i = t; i < 32 * DOWN; i += 64) {
      let m = at + i / (2 * DOWN);
      let place = unravel(m, dim.P, dim.Q);
      var v = vec4f();
      if (m < end) {
        v = load(place, parts[0]);
        if (WIDTH == 1) { v = vec4f(v.x, load(place, parts[1]).x, load(place, parts[2]).x, load(place, parts[3]).x); }
      }
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
  for (var i = 0u; i < 4; i++) {
    finish(group.z, j0 + 4 * j + i, k0 + k, a[0]);
    finish(group.z, j0 + 4 * (DOWN + j) + i, k0 + k, b[0]);
    finish(group.z, j0 + 4 * j + i, k0 + ACROSS + k, c[0]);
    finish(group.z, j0 + 4 * (DOWN + j) + i, k0 + ACROSS + k, d[0]);
    a = up(a, a[3]);
    b = up(b, b[3]);
    c = up(c, c[3]);
    d = up(d, d[3]);
  }
  if (!BIAS || group.x != 0 || j != 0) { return; }
  if (k0 + k < K4) { partial_bias[group.z * K4 + k0 + k] = low; }
  if (k0 + ACROSS + k < K4) { partial_bias[group.z * K4 + k0 + ACROSS + k] = high; }
}

fn finish(z: u32, j: u32, k4: u32, sum: vec4f) {
  let rows = R * S * dim.C;
  if (j < rows && k4 < dim.K / 4) { partial[(z * rows + j) * (dim.K / 4) + k4] = sum; }
}
