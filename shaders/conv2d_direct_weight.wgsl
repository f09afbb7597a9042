// Weight and bias gradient of a convolution where filters divide by 4, channels need not.
//
//   partial[z,r,s,c,k]  = Σ m in split z  x[m∘(r,s), c] · dy[m,k]        m = (n, p, q), as in conv2d.wgsl
//   partial_bias[z,k]   = Σ m in split z  dy[m,k]
//
// As conv2d_vec4_weight.wgsl, but an invocation sums 4 or 5 taps of a window's row and one channel × 16
// filters; what its taps see slides from pixel to pixel. The direct rung, for first layers of one
// channel or three: one group, STRIDE_W and DILATION_W 1, a stride or a dilation down the column, not
// both, subgroups of 4 or more. Twin: test/reference/conv2d.ts.
enable subgroups;
alias Element = f32;
const EACH = 1;
const COLUMNS = 4;

// #import stride
// #import lanes
override WORKGROUP: u32 = 8;
override BIAS: bool = true;
override TAPS: u32 = 4;  // or 5

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // input
  P: u32, Q: u32, K: u32,          // output
  padding_h: i32, padding_w: i32,
  R: u32, S: u32,                  // window: few pipelines, and loops that compile fast
  span: u32,
  dy_pitch: u32, dy_offset: u32,   // channels of dy's pixels and where K of them begin: K, 0, but in a concatenation
}
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<f32>;                    // [N, H, W, C]
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;                 // [N, P, Q, K / 4]
@group(0) @binding(2) var<storage, read_write> partial: array<vec4f>;      // [splits, R, S, C, K / 4]
@group(0) @binding(3) var<storage, read_write> partial_bias: array<vec4f>; // [splits, K / 4]

// #import totals
// #import taps
// #import unravel

@compute @workgroup_size(WORKGROUP, 1, 1)
fn conv2d_direct_weight_partial(
  @builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let strips = (dim.S + TAPS - 1) / TAPS;  // of taps, in a row of the window
  let k4 = 4 * group.y;
  let j = min(id.x, dim.R * strips * dim.C - 1);
  let at = unravel(j, strips, dim.C);
  let r = at.x;
  let s = at.y * TAPS;
  let c = at.z;
  let top = i32(r * DILATION_H) - dim.padding_h;
  let left = i32(s) - dim.padding_w;

  var sum: Tile;        // columns are taps
  var total = vec4f();  // of the dy that this lane has loaded
  for (var row = group.z * dim.span; row < min((group.z + 1) * dim.span, dim.N * dim.P); row++) {
    let n = row / dim.P;
    let h = i32((row - n * dim.P) * STRIDE_H) + top;
    let width = select(0u, dim.W, h >= 0 && h < i32(dim.H));
    let start = (i32(n * dim.H) + h) * i32(dim.W * dim.C) + i32(c);
    var u = window(start, left, width);
    for (var q = 0u; q < dim.Q; q += 2) {
      let d = pair(row, q, k4, lane, &total);
      let w = i32(q) + left + 4;
      let v = vec2f(padded(start, w, width), padded(start, w + 1, width));  // what the fifth tap sees
      let low = lower_quads(d[0]);
      let high = upper_quads(d[1]);
      add(&sum, low, u);
      add(&sum, high, vec4f(u.yzw, v.x));
      if (TAPS == 5) { sum.e += v.x * low + v.y * high; }
      u = vec4f(u.zw, v);
    }
  }
  let sums = totals(total);
  let end = select(s, min(s + TAPS, dim.S), id.x == j);  // an invocation too many writes nothing
  for (var i = s; i < end; i++) {
    put(sum, ((group.z * dim.R + r) * dim.S + i) * dim.C + c, k4);
    sum = rest(sum);
  }
  if (BIAS && group.x == 0 && lane == 0) { finish_bias(sums, group.z, k4); }
}
