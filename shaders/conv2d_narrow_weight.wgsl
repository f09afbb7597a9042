// Weight and bias gradient of a convolution whose filter count is no multiple of 4.
//
//   partial[z,r,s,c,k]  = Σ m in split z  x[m∘(r,s), c] · dy[m,k]        m = (n, p, q), as in conv2d.wgsl
//   partial_bias[z,k]   = Σ m in split z  dy[m,k]
//
// As conv2d_direct_weight.wgsl, but an invocation sums 4 or 5 taps × 8 filters, pixel by pixel; a lane loads one dy
// (with 4 lanes: two). The rung narrow, for LeNet's 6 filters and the like, and for first layers with a stride: one
// group, a stride or a dilation along each axis, not both, subgroups of 4 or more. Twin: test/reference/conv2d.ts.
enable subgroups;
alias Element = f32;
const EACH = 1;
const COLUMNS = 4;

// #import stride
// #import lanes
// #import eight
override WORKGROUP: u32 = 8;
override BIAS: bool = true;
override TAPS: u32 = 4;  // or 5, where they slide

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // input
  P: u32, Q: u32, K: u32,          // output
  padding_h: i32, padding_w: i32,
  R: u32, S: u32,                  // window: few pipelines, and loops that compile fast
  span: u32,
}
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<f32>;                    // [N, H, W, C]
@group(0) @binding(1) var<storage, read> dy: array<f32>;                  // [N, P, Q, K]
@group(0) @binding(2) var<storage, read_write> partial: array<f32>;       // [splits, R, S, C, K]
@group(0) @binding(3) var<storage, read_write> partial_bias: array<f32>;  // [splits, K]

// #import unravel
// #import taps

@compute @workgroup_size(WORKGROUP, 1, 1)
fn conv2d_narrow_weight_partial(
  @builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let strips = (dim.S + TAPS - 1) / TAPS;         // of taps, in a row of the window
  let k0 = 8 * group.y;
  let mine = min(k0 + lane % 8, dim.K - 1);       // the filter whose dy this lane loads
  let other = min(k0 + 4 + lane % 4, dim.K - 1);  // and, with 4 lanes, the second one
  let j = min(id.x, dim.R * strips * dim.C - 1);
  let at = unravel(j, strips, dim.C);
  let r = at.x;
  let s = at.y * TAPS;
  let c = at.z;
  let top = i32(r * DILATION_H) - dim.padding_h;
  let left = i32(s * DILATION_W) - dim.padding_w;

  var low = mat4x4f();   // filters 0 to 3; columns are taps
  var high = mat4x4f();  // filters 4 to 7
  var fifth_low = vec4f(); var fifth_high = vec4f();  // of the fifth tap, where there is one
  var total = vec2f();   // of the dy that this lane has loaded
  for (var row = group.z * dim.span; row < min((group.z + 1) * dim.span, dim.N * dim.P); row++) {
    let n = row / dim.P;
    let h = i32((row - n * dim.P) * STRIDE_H) + top;
    let width = select(0u, dim.W, h >= 0 && h < i32(dim.H));
    let start = (i32(n * dim.H) + h) * i32(dim.W * dim.C) + i32(c);
    var v = vec4f();  // with stride and dilation 1 the taps slide from pixel to pixel
    if (STRIDE_W == 1 && DILATION_W == 1) { v = window(start, left - 1, width); }
    var fifth = padded(start, left + 3, width);
    for (var q = 0u; q < dim.Q; q++) {
      let e = (row * dim.Q + q) * dim.K;
      let held = dy[e + mine];
      var more = held;
      if (LANES < 8) { more = dy[e + other]; }
      total += vec2f(held, more);
      let w = i32(q * STRIDE_W) + left;
      if (STRIDE_W == 1 && DILATION_W == 1) { v = vec4f(v.yzw, fifth); } else { v = window(start, w, width); }
      fifth = padded(start, w + 4, width);
      let near = lower(held);
      let far = upper(more);
      low += outer(near, v);
      high += outer(far, v);
      if (TAPS == 5) {
        fifth_low += fifth * near;
        fifth_high += fifth * far;
      }
    }
  }
  let end = select(s, min(s + TAPS, dim.S), id.x == j);  // an invocation too many writes nothing
  for (var i = s; i < end; i++) {  // one write in loops, as in lib/finish.wgsl
    var lower = low[0];
    var upper = high[0];
    for (var k = k0; k < min(k0 + 8, dim.K); k++) {
      partial[(((group.z * dim.R + r) * dim.S + i) * dim.C + c) * dim.K + k] = lower.x;
      lower = vec4f(lower.yzw, upper.x);
      upper = upper.yzww;
    }
    low = up(low, fifth_low);
    high = up(high, fifth_high);
  }
  if (!BIAS || group.x != 0) { return; }
  // Each lane has its filter's total; with 4 lanes, in y that of the filter four further.
  for (var k = lane; k < min(8u, dim.K - k0); k += LANES) {
    partial_bias[group.z * dim.K + k0 + k] = select(total.x, total.y, k > lane);
  }
}
