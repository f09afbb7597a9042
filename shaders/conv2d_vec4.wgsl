// 2-D convolution where channels and filters divide by 4: register tiles, subgroup broadcast, sliding pixels.
//
//   y[m,k] = f(bias[k] + Σ r,s,c  x[m∘(r,s), c] · weight[r,s,c,k] + addend[m,k])    m = (n, p, q), as in conv2d.wgsl
//
// An invocation computes 4 neighbouring pixels of a row × 16 filters, four channels at a time. From tap
// to tap its pixels slide: three are known from the tap before (with a stride of 2: from the one before
// that), one is loaded. Weights are loaded once a subgroup and reach its lanes by broadcast, so that
// three loads feed 256 multiply-adds. The rung vec4: one group, a stride or a dilation along each axis,
// not both, STRIDE_W 1 or 2 and no wider than the window, subgroups of 4 or more.
// Twin: test/reference/conv2d.ts.
enable subgroups;
const COLUMNS = 4;
alias Value = vec4f;
alias Element = vec4f;
const EACH = 4;
// #import clock
// #import stride
// #import lanes
override WORKGROUP: u32 = 16;
override TAPS: u32 = 3;  // width of the window, whose loop unrolls
override ACTIVATION: u32 = 0;
override ADDEND: bool = false;

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // input
  P: u32, Q: u32, K: u32,          // output
  padding_h: i32, padding_w: i32,
  R: u32,                          // height of the window
  y_pitch: u32, y_offset: u32,     // channels of y's pixels and where K of them begin: K, 0, but in a concatenation
  stream: u32, threshold: u32, scale: f32,
}
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<vec4f>;       // [N, H, W, C / 4]
@group(0) @binding(1) var<storage, read> weight: array<vec4f>;  // [R, S, C, K / 4]
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;    // [K / 4]
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>; // [N, P, Q, K / 4]
@group(0) @binding(4) var<storage, read> clock: Clock;          // where DROP
@group(0) @binding(5) var<storage, read> addend: array<vec4f>;  // where ADDEND: [N, P, Q, K / 4]

// #import finish
// #import padded
// #import unravel
// #import turns

/// Three pixels of a row, STRIDE_W apart as neighbouring windows are.
fn three(start: i32, w: i32, width: u32) -> mat3x4f {
  let stride = i32(STRIDE_W);
  return mat3x4f(padded(start, w, width), padded(start, w + stride, width), padded(start, w + 2 * stride, width));
}

/// Adds four channels of four pixels times a tap's weights. Lanes 0 to 3 load those of channels 0 and 2, lanes 4 to 7
/// those of 1 and 3; with 4 lanes, each loads all four. A lane's first lie at i.
fn tap(sum: ptr<function, Tile>, near: mat3x4f, far: vec4f, i: u32) {
  let v = transpose(mat4x4f(near[0], near[1], near[2], far));  // columns are channels
  let K4 = dim.K / 4;
  let held = weight[i];
  let more = weight[i + 2 * K4];
  var next = held;
  var last = more;
  if (LANES < 8) { next = weight[i + K4]; last = weight[i + 3 * K4]; }
  add(sum, lower_quads(held), v[0]);
  add(sum, upper_quads(next), v[1]);
  add(sum, lower_quads(more), v[2]);
  add(sum, upper_quads(last), v[3]);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn conv2d_vec4_forward(
  @builtin(local_invocation_index) here: u32, @builtin(num_workgroups) groups: vec3u,
  @builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32,
) {
  let C4 = i32(dim.C / 4);
  let K4 = dim.K / 4;
  let k4 = 4 * group.z;                         // the first of four vec4 of filters
  let mine = min(k4 + lane % 4, K4 - 1);        // the one whose weights this lane loads
  let ahead = lane / 4 % (min(LANES, 8u) / 4);  // and of two channels, which: 0 or 1
  let strips = (dim.Q + 3) / 4;
  let begin = (group.y * groups.x + group.x) * WORKGROUP;
  let place = unravel(begin + here, dim.N, strips);  // a workgroup goes along the same row of all images
  let p = place.x;  // P and more: an invocation too many, which goes on for its subgroup
  let n = place.y;
  let q = 4 * place.z;
  // p · STRIDE_H of the workgroup's first and last row, and the rows of the window by which any of them sees x.
  let ends = vec2i(vec2u(begin, begin + WORKGROUP - 1) / (dim.N * strips) * STRIDE_H);
  let rows = reaching(dim.padding_h - ends.y, i32(dim.H) + dim.padding_h - ends.x, DILATION_H, dim.R);
  let left = i32(q * STRIDE_W) - dim.padding_w;

  var sum: Tile;  // columns are pixels
  for (var at = vec2u(rows.x, 0); at.x < rows.y; at = onward(at, dim.C / 4)) {  // r, c / 4
    let h = i32(p * STRIDE_H + at.x * DILATION_H) - dim.padding_h;
    let width = select(0u, dim.W, h >= 0 && h < i32(dim.H));  // nothing lies on a row outside the image
    let row = (i32(n * dim.H) + h) * i32(dim.W) * C4 + i32(at.y);
    var near = three(row, left, width);
    var other = three(row, left + 1, width);  // with a stride of 2: what every other tap sees
    var w = left + 3 * i32(STRIDE_W);
    let j = at.x * TAPS * dim.C + 4 * at.y + ahead;
    // A loop of one turn would copy each sum.
    if (TAPS == 1) { tap(&sum, near, padded(row, w, width), j * K4 + mine); } else {
      for (var s = 0u; s < TAPS; s++) {
        let far = padded(row, w, width);
        tap(&sum, near, far, (j + s * dim.C) * K4 + mine);
        let slid = mat3x4f(near[1], near[2], far);
        near = other;
        other = slid;
        if (STRIDE_W == 1) { near = slid; }
        w += i32(DILATION_W);
        // Over a dilation no pixel is known.
        if (DILATION_W > 1) { near = three(row, w - 3, width); }
      }
    }
  }
  if (p >= dim.P) { return; }
  finish(sum, (n * dim.P + p) * dim.Q + q, k4, min(dim.Q - q, 4));
}
