// 2-D convolution of each channel by itself, a depthwise one, with windows of 3×3; turned, its input gradient.
//
//   y[n,p,q,c] = f(bias[c] + Σ r,s  x[n,h,w,c] · weight[r,s,c] + addend[n,p,q,c]) · f′(z[n,p,q,c])
//   where  h = p·STRIDE_H + r − padding_h,  w = q·STRIDE_W + s − padding_w
//
// TURNED: by weight[2−r,2−s,c]. Where the window moves by one, dx is such a convolution of dy, padded by 2 − padding.
// An invocation takes a channel of up to `span` pixels along a row of y or, with a stride of 1 down the column, along
// two rows, which see four rows of x. The window slides: a column of x, 4 loads, for two results, which alone take 18.
// Neighbours take neighbouring channels. Twin: test/reference/conv2d.ts.
alias Element = f32;
const EACH = 1;

// #import stride
// #import opaque_zero
override WORKGROUP: u32 = 64;
override TURNED: bool = false;
override ACTIVATION: u32 = 0;
override ADDEND: bool = false;

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // input
  P: u32, Q: u32,                  // output
  padding_h: i32, padding_w: i32,
  span: u32,
}
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [N, H, W, C]
@group(0) @binding(1) var<storage, read> weight: array<f32>;   // [3, 3, 1, C]
@group(0) @binding(2) var<storage, read> bias: array<f32>;     // [C]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // [N, P, Q, C]
@group(0) @binding(4) var<storage, read> addend: array<f32>;   // [N, P, Q, C]
@group(0) @binding(5) var<storage, read> z: array<f32>;        // [N, P, Q, C]

// #import activation
// #import bias
// #import place
// #import sliding
// #import slope

@compute @workgroup_size(WORKGROUP, 1, 1)
fn conv2d_depthwise_forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let runs = (dim.Q + dim.span - 1) / dim.span;
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= dim.N * ((dim.P + ROWS - 1) / ROWS) * runs * dim.C) { return; }
  let at = place(i, (dim.P + ROWS - 1) / ROWS, runs, dim.C);
  let p = at.y * ROWS;
  let q = at.z * dim.span;
  let last = affine(at.w, dim.C);

  var taps: mat3x3f;
  for (var s = opaque_zero(at.w, 3); s < 3; s++) {
    let tap = vec3u(s, 3 + s, 6 + s);
    let mine = select(tap, 8 - tap, vec3<bool>(TURNED)) * dim.C + at.w;
    taps = mat3x3f(taps[1], taps[2], vec3f(weight[mine.x], weight[mine.y], weight[mine.z]));
  }
  let seen = rows_from(at.x, p, at.w);
  let turns = (min(dim.span, dim.Q - q) - 1) * STRIDE_W + 3;
  var m = ((at.x * dim.P + p) * dim.Q + q) * dim.C + at.w;
  var w = i32(q * STRIDE_W) - dim.padding_w;
  var window: mat3x4f;
  for (var t = 0u; t < turns; t++) {
    window = mat3x4f(window[1], window[2], column(seen, w));
    w++;
    if (t < 2 || (t - 2) % STRIDE_W != 0) { continue; }
    var sum = vec2f(
      dot(window[0].xyz, taps[0]) + dot(window[1].xyz, taps[1]) + dot(window[2].xyz, taps[2]),
      dot(window[0].yzw, taps[0]) + dot(window[1].yzw, taps[1]) + dot(window[2].yzw, taps[2]),
    );
    for (var e = m; e < m + min(ROWS, dim.P - p) * dim.Q * dim.C; e += dim.Q * dim.C) {
      var v = sum.x * last[0] + last[1];
      if (ADDEND) { v += addend[e]; }
      v = activate(v);
      if (SLOPE > 0) { v *= slope(z[e]); }
      y[e] = v;
      sum = sum.yy;
    }
    m += dim.C;
  }
}
