// Weight and bias gradient of a convolution whose window is 3 wide and slides by 1.
//
//   partial[z,r,s,c,k]  = Σ m in split z  x[m∘(r,s), c] · dy[m,k]        m = (n, p, q), as in conv2d.wgsl
//   partial_bias[z,k]   = Σ m in split z  dy[m,k]
//
// As conv2d_direct_weight.wgsl, but an invocation sums 3 taps of a window's row and 2 channels × 16
// filters, so that 16 numbers loaded feed 384 multiply-adds, where there 12 feed 256. The rung vec2:
// one group, an even number of channels, filters divisible by 4, windows 3 wide, stride and dilation 1,
// subgroups of 4 or more. Twin: test/reference/conv2d.ts.
enable subgroups;
alias Element = vec2f;
const EACH = 2;
const COLUMNS = 3;
// #import stride
// #import lanes
override WORKGROUP: u32 = 8;
override BIAS: bool = true;

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // input
  P: u32, Q: u32, K: u32,          // output
  padding_h: i32, padding_w: i32,
  R: u32,                          // rows of the window, which is 3 wide
  span: u32,
  dy_pitch: u32, dy_offset: u32,   // channels of dy's pixels and where K of them begin: K, 0, but in a concatenation
}
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<vec2f>;                  // [N, H, W, C / 2]
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;                 // [N, P, Q, K / 4]
@group(0) @binding(2) var<storage, read_write> partial: array<vec4f>;      // [splits, R, S, C, K / 4]
@group(0) @binding(3) var<storage, read_write> partial_bias: array<vec4f>; // [splits, K / 4]

// #import totals
// #import padded
// #import reach

/// Adds a pixel's dy times what three taps see of it, to the tile of the first channel and to that of the second.
fn both(near: ptr<function, Tile>, far: ptr<function, Tile>, u: mat4x4f, v_0: vec2f, v_1: vec2f, v_2: vec2f) {
  add(near, u, vec4f(v_0.x, v_1.x, v_2.x, 0.0));
  add(far, u, vec4f(v_0.y, v_1.y, v_2.y, 0.0));
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn conv2d_vec2_weight_partial(
  @builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let C2 = dim.C / 2;
  let k4 = 4 * group.y;
  let j = min(id.x, dim.R * C2 - 1);  // r · C2 + c / 2
  let top = i32(j / C2) - dim.padding_h;
  let left = -dim.padding_w;
  let ends = reach(group, C2);

  var near: Tile; var far: Tile;  // of the first and the second channel; columns are taps
  var total = vec4f();            // of the dy that this lane has loaded
  for (var row = group.z * dim.span; row < min((group.z + 1) * dim.span, dim.N * dim.P); row++) {
    let n = row / dim.P;
    let p = i32(row - n * dim.P);
    if (ends.x + p >= i32(dim.H) || ends.y + p < 0) { continue; }  // no tap of the workgroup sees x
    let h = p + top;
    let width = select(0u, dim.W, h >= 0 && h < i32(dim.H));
    let start = (i32(n * dim.H) + h) * i32(dim.W * C2) + i32(j % C2);
    var v_0 = padded(start, left, width);
    var v_1 = padded(start, left + 1, width);
    for (var q = 0u; q < dim.Q; q += 2) {
      let u = pair(row, q, k4, lane, &total);
      let w = i32(q) + left;
      let v_2 = padded(start, w + 2, width);
      let v_3 = padded(start, w + 3, width);
      both(&near, &far, lower_quads(u[0]), v_0, v_1, v_2);
      both(&near, &far, upper_quads(u[1]), v_1, v_2, v_3);
      v_0 = v_2;
      v_1 = v_3;
    }
  }
  let sums = totals(total);
  let first = ((group.z * dim.R + j / C2) * 3 * C2 + j % C2) * 2;
  for (var c = first; c < select(first, first + 2, id.x == j); c++) {  // an invocation too many writes nothing
    for (var i = c; i < c + 3 * dim.C; i += dim.C) {
      put(near, i, k4);
      near = rest(near);
    }
    near = far;
  }
  if (BIAS && group.x == 0 && lane == 0) { finish_bias(sums, group.z, k4); }
}
