// Weight and bias gradient of a convolution as a matrix product, by split-K and tiles in workgroup memory: for GPUs.
//
//   partial[z,j,k]     = Σ m in split z  x[m∘j] · dy[m,k]        m = (n, p, q), j = (r·S + s)·C + c, as in conv2d.wgsl
//   partial_bias[z,k]  = Σ m in split z  dy[m,k]
//
// A workgroup sums a tile of j × filters, of one of the sizes in conv2d_tiled.wgsl, for one split of `span` pixels. An
// invocation sums 8 × 8 of them: four j, and four filters, in either half of the tile, so that neighbours read
// neighbouring banks; of half a tile 8 × 4. 16 pixels of x and dy are brought at a time; of x an invocation always
// brings the same j. The sums of one split are the gradients; those of several reduce.wgsl adds up. The rung tiled: one
// group, filters divisible by 4, and 16 or more. Where channels divide by 4, too, WIDTH is 4 and x comes by fours.
// Twin: test/reference/conv2d.ts.

const COLUMNS = 4;
// #import outer
// #import window
override WORKGROUP: u32 = 64;  // and no other: the tiles are laid out for it
override BIAS: bool = true;
// Filters of a tile, and of an invocation; invocations along the filters, and along the other side.
const TILE_K: u32 = 64;  // baked
const FILTERS: u32 = 8;  // baked
const ACROSS = TILE_K / FILTERS;
const DOWN = 64 / ACROSS;
const QUADS = TILE_K / 4;

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // input
  P: u32, Q: u32, K: u32,          // output
  padding_h: i32, padding_w: i32,
  span: u32,
  dy_pitch: u32, dy_offset: u32,   // channels of dy's pixels and where K of them begin: K, 0, but in a concatenation
}
@group(1) @binding(0) var<uniform> dim: Params;

// #import unravel
// #import value
@group(0) @binding(0) var<storage, read> x: array<Value>;                  // [N, H, W, C]
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;                 // [N, P, Q, K / 4]
@group(0) @binding(2) var<storage, read_write> partial: array<vec4f>;      // [splits, R, S, C, K / 4]
@group(0) @binding(3) var<storage, read_write> partial_bias: array<vec4f>; // [splits, K / 4]

var<workgroup> tile_x: array<vec4f, 32 * DOWN>;    // [16 pixels, j / 4]
var<workgroup> tile_dy: array<vec4f, 16 * QUADS>;  // [16 pixels, k / 4]

/// Of element j: its row and column, from where pixel (0, 0) has its window, and its channel. Past the last j, a row
/// that no image has.
fn element(j: u32) -> vec3i {
  let tap = j / dim.C;
  let down = select(-0x40000000, i32(tap / S * DILATION_H) - dim.padding_h, tap < R * S);
  return vec3i(down, i32(tap % S * DILATION_W) - dim.padding_w, i32(j - tap * dim.C));
}

/// x of an element `part` of the window of pixel (n, p, q); 0 outside the image.
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
  let k0 = group.y * QUADS;  // in vec4, as k
  let begin = group.z * dim.span;
  let end = min(begin + dim.span, dim.N * dim.P * dim.Q);
  let j = t / ACROSS;  // in the tile, in vec4: j and DOWN + j, filters k and ACROSS + k
  let k = t % ACROSS;
  let mine = j0 + 4 * (t % (2 * DOWN));  // the first of the four j that this invocation brings
  let parts = array<vec3i, 4>(element(mine), element(mine + 1), element(mine + 2), element(mine + 3));

  var a = mat4x4f(); var b = mat4x4f();   // filters k of j and of DOWN + j; columns are single j
  var c = mat4x4f(); var d = mat4x4f();   // filters ACROSS + k, likewise
  var low = vec4f(); var high = vec4f();  // their dbias
  for (var at = begin; at < end; at += 16) {
    workgroupBarrier();  // until all have read the tiles before
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
    for (var i = t; i < 16 * QUADS; i += 64) {
      let m = at + i / QUADS;
      let from_k = k0 + i % QUADS;
      var w = vec4f();
      if (m < end && from_k < K4) { w = dy[(m * dim.dy_pitch + dim.dy_offset) / 4 + from_k]; }
      tile_dy[i] = w;
    }
    workgroupBarrier();  // until these are whole
    for (var i = 0u; i < 16; i++) {
      let u = tile_x[2 * i * DOWN + j];
      let v = tile_x[(2 * i + 1) * DOWN + j];
      let near = tile_dy[i * QUADS + k];
      a = a + outer(near, u);
      b = b + outer(near, v);
      low += near;
      if (FILTERS == 8) {
        let far = tile_dy[i * QUADS + ACROSS + k];
        c = c + outer(far, u);
        d = d + outer(far, v);
        high += far;
      }
    }
  }
  for (var i = 0u; i < 4; i++) {
    finish(group.z, j0 + 4 * j + i, k0 + k, a[0]);
    finish(group.z, j0 + 4 * (DOWN + j) + i, k0 + k, b[0]);
    if (FILTERS == 8) {
      finish(group.z, j0 + 4 * j + i, k0 + ACROSS + k, c[0]);
      finish(group.z, j0 + 4 * (DOWN + j) + i, k0 + ACROSS + k, d[0]);
    }
    a = up(a, a[3]);
    b = up(b, b[3]);
    c = up(c, c[3]);
    d = up(d, d[3]);
  }
  if (!BIAS || group.x != 0 || j != 0) { return; }
  if (k0 + k < K4) { partial_bias[group.z * K4 + k0 + k] = low; }
  if (FILTERS == 8 && k0 + ACROSS + k < K4) { partial_bias[group.z * K4 + k0 + ACROSS + k] = high; }
}

fn finish(z: u32, j: u32, k4: u32, sum: vec4f) {
  let rows = R * S * dim.C;
  if (j < rows && k4 < dim.K / 4) { partial[(z * rows + j) * (dim.K / 4) + k4] = sum; }
}
