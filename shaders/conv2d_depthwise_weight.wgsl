// Weight and bias gradient of a depthwise convolution with windows of 3×3.
//
//   partial[z,r,s,c]  = Σ n,p,q in split z  dy[n,p,q,c] · x[n,h,w,c]        h, w as in conv2d_depthwise.wgsl
//   partial_bias[z,c] = Σ n,p,q in split z  dy[n,p,q,c]
//
// An invocation sums all taps of a channel over `span` rows of y or, with a stride of 1 down the column, pairs of rows:
// the window slides as in conv2d_depthwise.wgsl, 6 loads for 18 multiply-adds. Neighbours take neighbouring channels.
// Of one split, the partial sums are dweight and dbias; else reduce.wgsl adds them up. Twin: test/reference/conv2d.ts.
alias Element = f32;
const EACH = 1;

// #import stride
override WORKGROUP: u32 = 64;
override BIAS: bool = true;

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // input
  P: u32, Q: u32,                  // output
  padding_h: i32, padding_w: i32,
  span: u32,
}
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<f32>;                   // [N, H, W, C]
@group(0) @binding(1) var<storage, read> dy: array<f32>;                  // [N, P, Q, C]
@group(0) @binding(2) var<storage, read_write> partial: array<f32>;       // [splits, 3, 3, 1, C]
@group(0) @binding(3) var<storage, read_write> partial_bias: array<f32>;  // [splits, C]

// #import sliding

@compute @workgroup_size(WORKGROUP, 1, 1)
fn conv2d_depthwise_weight_partial(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= dim.C) { return; }
  let pairs = (dim.P + ROWS - 1) / ROWS;
  let turns = (dim.Q - 1) * STRIDE_W + 3;

  var sums: mat3x3f; var total = 0.0;
  for (var pair = id.z * dim.span; pair < min((id.z + 1) * dim.span, dim.N * pairs); pair++) {
    let n = pair / pairs;
    let p = (pair - n * pairs) * ROWS;
    let seen = rows_from(n, p, c);
    let two = ROWS == 2 && p + 1 < dim.P;
    var m = ((n * dim.P + p) * dim.Q) * dim.C + c;
    var window: mat3x4f;
    for (var t = 0u; t < turns; t++) {
      window = mat3x4f(window[1], window[2], column(seen, i32(t) - dim.padding_w));
      if (t < 2 || (t - 2) % STRIDE_W != 0) { continue; }
      var d = vec2f(dy[m], 0.0);
      if (ROWS == 2) { d.y = select(0.0, dy[select(0, m + dim.Q * dim.C, two)], two); }
      m += dim.C;
      sums += mat3x3f(window[0].xyz, window[1].xyz, window[2].xyz) * d.x;
      if (ROWS == 2) { sums += mat3x3f(window[0].yzw, window[1].yzw, window[2].yzw) * d.y; }
      total += d.x + d.y;
    }
  }
  // The next to be written moves up: by row of the window, as it lies in memory.
  var taps = transpose(sums);
  let end = (id.z + 1) * 9 * dim.C;
  for (var i = id.z * 9 * dim.C + c; i < end; i += 3 * dim.C) {
    var row = taps[0];
    for (var e = i; e < i + 3 * dim.C; e += dim.C) {
      partial[e] = row.x;
      row = row.yzz;
    }
    taps = mat3x3f(taps[1], taps[2], taps[2]);
  }
  if (BIAS) { partial_bias[id.z * dim.C + c] = total; }
}
