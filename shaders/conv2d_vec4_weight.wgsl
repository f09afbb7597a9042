// Weight and bias gradient of a convolution where channels and filters divide by 4: split-K, register tiles, broadcast.
//
//   partial[z,r,s,c,k]  = Σ m in split z  x[m∘(r,s), c] · dy[m,k]        m = (n, p, q), as in conv2d.wgsl
//   partial_bias[z,k]   = Σ m in split z  dy[m,k]
//
// An invocation sums 4 channels of one tap × 16 filters over a split, which is `span` rows (n, p) of dy, two pixels at
// a time. The lanes of a subgroup have other taps and channels, but need the same dy: it is loaded once and broadcast.
// The sums of one split are the gradients; those of several reduce.wgsl adds up, in their order. The rung vec4: one
// group, a stride or a dilation along each axis, not both, subgroups of 4 or more. Twin: test/reference/conv2d.ts.
enable subgroups;
alias Element = vec4f;
const EACH = 4;
const COLUMNS = 4;

// #import stride
// #import lanes
override WORKGROUP: u32 = 8;
override BIAS: bool = true;

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // input
  P: u32, Q: u32, K: u32,          // output
  padding_h: i32, padding_w: i32,
  R: u32, S: u32,                  // window: few pipelines, and loops that compile fast
  span: u32,
  dy_pitch: u32, dy_offset: u32,   // channels of dy's pixels and where K of them begin: K, 0, but in a concatenation
}
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<vec4f>;                  // [N, H, W, C / 4]
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;                 // [N, P, Q, K / 4]
@group(0) @binding(2) var<storage, read_write> partial: array<vec4f>;      // [splits, R, S, C, K / 4]
@group(0) @binding(3) var<storage, read_write> partial_bias: array<vec4f>; // [splits, K / 4]

// #import totals
// #import padded
// #import reach
// #import unravel

@compute @workgroup_size(WORKGROUP, 1, 1)
fn conv2d_vec4_weight_partial(
  @builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let C4 = dim.C / 4;
  let taps = dim.R * dim.S * C4;
  let k4 = 4 * group.y;
  let j = min(id.x, taps - 1);
  let at = unravel(j, dim.S, C4);  // r, s, c / 4
  let top = i32(at.x * DILATION_H) - dim.padding_h;
  let left = i32(at.y * DILATION_W) - dim.padding_w;
  let stride = i32(STRIDE_W);
  let ends = reach(group, C4 * dim.S);

  var sum: Tile;        // columns are channels
  var total = vec4f();  // of the dy that this lane has loaded
  for (var row = group.z * dim.span; row < min((group.z + 1) * dim.span, dim.N * dim.P); row++) {
    let n = row / dim.P;
    let p = i32((row - n * dim.P) * STRIDE_H);
    if (ends.x + p >= i32(dim.H) || ends.y + p < 0) { continue; }  // no tap of the workgroup sees x
    let h = p + top;
    let width = select(0u, dim.W, h >= 0 && h < i32(dim.H));
    let start = (i32(n * dim.H) + h) * i32(dim.W * C4) + i32(at.z);
    for (var q = 0u; q < dim.Q; q += 2) {
      let u = pair(row, q, k4, lane, &total);
      let w = i32(q) * stride + left;
      add(&sum, lower_quads(u[0]), padded(start, w, width));
      add(&sum, upper_quads(u[1]), padded(start, w + stride, width));
    }
  }
  let sums = totals(total);
  let first = (group.z * taps + j) * 4;
  let end = select(first, first + 4, id.x < taps);  // an invocation too many writes nothing
  for (var i = first; i < end; i++) {
    put(sum, i, k4);
    sum = rest(sum);
  }
  if (BIAS && group.x == 0 && lane == 0) { finish_bias(sums, group.z, k4); }
}
