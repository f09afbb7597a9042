// 2-D convolution where filters divide by 4, channels need not: register tiles, subgroup broadcast and sliding pixels.
//
//   y[m,k] = f(bias[k] + Σ r,s,c  x[m∘(r,s), c] · weight[r,s,c,k] + addend[m,k])    m = (n, p, q), as in conv2d.wgsl
//
// As conv2d_vec4.wgsl, but an invocation computes 4 or 5 neighbouring pixels of a row × 16 filters, and
// one channel at a time: a load of a pixel and two of weights feed 64 or 80 multiply-adds. The direct
// rung, for first layers of one channel or three, for strides and for linear layers of middle size: one
// group, a stride or a dilation along each axis, not both, subgroups of 4 or more.
// Twin: test/reference/conv2d.ts.
enable subgroups;
const COLUMNS = 4;
alias Value = vec4f;
alias Element = f32;
const EACH = 1;
// #import clock
// #import stride
// #import lanes
// #import eight
override WORKGROUP: u32 = 16;
override TAPS: u32 = 0;  // width of a window that slides by 1: its loop unrolls; else 0, one text for all windows
override PIXELS: u32 = 4;  // of a row that an invocation computes: 4 or 5
override ACTIVATION: u32 = 0;
override ADDEND: bool = false;

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // input
  P: u32, Q: u32, K: u32,          // output
  padding_h: i32, padding_w: i32,
  R: u32, S: u32,                  // window
  y_pitch: u32, y_offset: u32,     // channels of y's pixels and where K of them begin: K, 0, but in a concatenation
  stream: u32, threshold: u32, scale: f32,
}
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<f32>;         // [N, H, W, C]
@group(0) @binding(1) var<storage, read> weight: array<f32>;    // [R, S, C, K]
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;    // [K / 4]
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>; // [N, P, Q, K / 4]
@group(0) @binding(4) var<storage, read> clock: Clock;          // where DROP
@group(0) @binding(5) var<storage, read> addend: array<vec4f>;  // where ADDEND: [N, P, Q, K / 4]

// #import finish
// #import padded
// #import unravel
// #import turns

/// Adds a channel of four pixels, v, and of the fifth, `far`, times a tap's weights: this lane loads those at i.
fn tap(sum: ptr<function, Tile>, v: vec4f, far: f32, i: vec4u) {
  let held = weight[i.x];
  let more = weight[i.y];
  var next = held;
  var last = more;
  if (LANES < 8) { next = weight[i.z]; last = weight[i.w]; }
  let u = mat4x4f(lower(held), upper(next), lower(more), upper(last));
  add(sum, u, v);
  if (PIXELS == 5) { (*sum).e += far * u; }
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn conv2d_direct_forward(
  @builtin(local_invocation_index) here: u32, @builtin(num_workgroups) groups: vec3u,
  @builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32,
) {
  let k4 = 4 * group.z;  // the first of four vec4 of filters
  // Filters whose weights this lane loads: two or, with 4 lanes, four.
  let mine = min(4 * k4 + vec4u(lane % 8, 8 + lane % 8, 4 + lane % 4, 12 + lane % 4), vec4u(dim.K - 1));
  let strips = (dim.Q + PIXELS - 1) / PIXELS;
  let begin = (group.y * groups.x + group.x) * WORKGROUP;
  let place = unravel(begin + here, dim.N, strips);  // a workgroup goes along the same row of all images
  let p = place.x;  // P and more: an invocation too many, which goes on for its subgroup
  let n = place.y;
  let q = PIXELS * place.z;
  // p · STRIDE_H of the workgroup's first and last row, and the rows of the window by which any of them sees x.
  let ends = vec2i(vec2u(begin, begin + WORKGROUP - 1) / (dim.N * strips) * STRIDE_H);
  let rows = reaching(dim.padding_h - ends.y, i32(dim.H) + dim.padding_h - ends.x, DILATION_H, dim.R);
  let left = i32(q * STRIDE_W) - dim.padding_w;
  let S = select(TAPS, dim.S, TAPS == 0);
  let phases = min(STRIDE_W, S);
  let stride = i32(STRIDE_W);

  var sum: Tile;  // columns are pixels
  // From a tap to the next in its phase, STRIDE_W further, pixels slide. at: r, c · phases + phase.
  for (var at = vec2u(rows.x, 0); at.x < rows.y; at = onward(at, dim.C * phases)) {
    let h = i32(p * STRIDE_H + at.x * DILATION_H) - dim.padding_h;
    let width = select(0u, dim.W, h >= 0 && h < i32(dim.H));  // nothing lies on a row outside the image
    let row = (i32(n * dim.H) + h) * i32(dim.W * dim.C);
    let phase = at.y % phases;
    let start = row + i32(at.y / phases);
    var w = left + i32(phase);
    // A channel of the first three pixels. The last one, the fourth or fifth, comes with each tap.
    var v = vec4f(padded(start, w, width), padded(start, w + stride, width), padded(start, w + 2 * stride, width), 0.0);
    w += 3 * stride;
    if (PIXELS == 5) { v.w = padded(start, w, width); }
    if (TAPS == 1) {  // a loop of one turn would copy each sum
      let far = padded(start, w + i32(PIXELS - 4) * stride, width);
      if (PIXELS == 4) { v.w = far; }
      tap(&sum, v, far, mine + (at.x * dim.C + at.y / phases) * dim.K);
    } else {
      for (var s = phase; s < S; s += STRIDE_W) {
        let far = padded(start, w + i32(PIXELS - 4) * stride, width);
        if (PIXELS == 4) { v.w = far; }
        tap(&sum, v, far, mine + ((at.x * S + s) * dim.C + at.y / phases) * dim.K);
        v = vec4f(v.yzw, far);
        w += stride;
        if (DILATION_W > 1) {  // pixels that no tap sees slide by, too
          for (var skipped = 1u; skipped < DILATION_W; skipped++) {
            v = vec4f(v.yz, padded(start, w, width), 0.0);
            w++;
          }
        }
      }
    }
  }
  if (p >= dim.P) { return; }
  finish(sum, (n * dim.P + p) * dim.Q + q, k4, min(dim.Q - q, PIXELS));
}
