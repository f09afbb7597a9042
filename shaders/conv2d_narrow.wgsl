// 2-D convolution for filter counts that are no multiple of 4: register tiles, subgroup broadcast and sliding pixels.
//
//   y[m,k] = f(bias[k] + Σ r,s,c  x[m∘(r,s), c] · weight[r,s,c,k])        m = (n, p, q), as in conv2d.wgsl
//
// As conv2d_direct.wgsl, but an invocation computes 8 neighbouring pixels of a row × 8 filters, of
// which a lane loads one weight each (with 4 lanes: two). The rung narrow, for LeNet's 6 filters and
// the like: one group, a stride or a dilation along each axis, not both, subgroups of 4 or more.
// Twin: test/reference/conv2d.ts.
enable subgroups;
alias Element = f32;
const EACH = 1;
const COLUMNS = 4;

// #import stride
// #import lanes
// #import eight
override WORKGROUP: u32 = 16;
override TAPS: u32 = 0;  // width of a window that slides by 1: its loop unrolls; else 0, one text for all windows
override ACTIVATION: u32 = 0;

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // input
  P: u32, Q: u32, K: u32,          // output
  padding_h: i32, padding_w: i32,
  R: u32, S: u32,                  // window
}
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [N, H, W, C]
@group(0) @binding(1) var<storage, read> weight: array<f32>;   // [R, S, C, K]
@group(0) @binding(2) var<storage, read> bias: array<f32>;     // [K]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // [N, P, Q, K]

// #import activation
// #import bias

// #import padded
// #import unravel
// #import turns

@compute @workgroup_size(WORKGROUP, 1, 1)
fn conv2d_narrow_forward(
  @builtin(local_invocation_index) here: u32, @builtin(num_workgroups) groups: vec3u,
  @builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32,
) {
  let k0 = 8 * group.z;
  let mine = min(k0 + lane % 8, dim.K - 1);       // the filter whose weights this lane loads
  let other = min(k0 + 4 + lane % 4, dim.K - 1);  // and, with 4 lanes, the second one
  let strips = (dim.Q + 7) / 8;
  let begin = (group.y * groups.x + group.x) * WORKGROUP;
  let place = unravel(begin + here, dim.N, strips);  // a workgroup goes along the same row of all images
  let p = place.x;  // P and more: an invocation too many, which goes on for its subgroup
  let n = place.y;
  let q = 8 * place.z;
  // p · STRIDE_H of the workgroup's first and last row, and the rows of the window by which any of them sees x.
  let ends = vec2i(vec2u(begin, begin + WORKGROUP - 1) / (dim.N * strips) * STRIDE_H);
  let rows = reaching(dim.padding_h - ends.y, i32(dim.H) + dim.padding_h - ends.x, DILATION_H, dim.R);
  let left = i32(q * STRIDE_W) - dim.padding_w;
  let S = select(TAPS, dim.S, TAPS == 0);
  let phases = min(STRIDE_W, S);
  let stride = i32(STRIDE_W);

  // Filters 0 to 3, 4 and 5, 6 and 7 of pixels 0 to 3; columns are filters.
  var a = mat4x4f(); var b = mat2x4f(); var e = mat2x4f();
  var c = mat4x4f(); var d = mat2x4f(); var f = mat2x4f();  // of pixels 4 to 7
  // From a tap to the next in its phase, STRIDE_W further, pixels slide. at: r, c · phases + phase.
  for (var at = vec2u(rows.x, 0); at.x < rows.y; at = onward(at, dim.C * phases)) {
    let h = i32(p * STRIDE_H + at.x * DILATION_H) - dim.padding_h;
    let width = select(0u, dim.W, h >= 0 && h < i32(dim.H));  // nothing lies on a row outside the image
    let row = (i32(n * dim.H) + h) * i32(dim.W * dim.C);
    let phase = at.y % phases;
    let start = row + i32(at.y / phases);
    var w = left + i32(phase);
    // A channel of pixels 0 to 3 and 4 to 6; the last one comes with each tap.
    var u = vec4f(padded(start, w, width), padded(start, w + stride, width),
      padded(start, w + 2 * stride, width), padded(start, w + 3 * stride, width));
    w += 4 * stride;
    var v = vec4f(padded(start, w, width), padded(start, w + stride, width), padded(start, w + 2 * stride, width), 0.0);
    w += 3 * stride;
    for (var s = phase; s < S; s += STRIDE_W) {
      v.w = padded(start, w, width);
      let j = ((at.x * S + s) * dim.C + at.y / phases) * dim.K;
      let held = weight[j + mine];
      var more = held;
      if (LANES < 8) { more = weight[j + other]; }
      let low = lower(held);
      let high = upper(more);
      a += outer(u, low);
      b += mat2x4f(high.x * u, high.y * u);
      c += outer(v, low);
      d += mat2x4f(high.x * v, high.y * v);
      if (FILTERS == 8) {
        e += mat2x4f(high.z * u, high.w * u);
        f += mat2x4f(high.z * v, high.w * v);
      }
      u = vec4f(u.yzw, v.x);
      v = vec4f(v.yzw, 0.0);
      w += stride;
      if (DILATION_W > 1) {  // pixels that no tap sees slide by, too
        for (var skipped = 1u; skipped < DILATION_W; skipped++) {
          u = vec4f(u.yzw, v.x);
          v = vec4f(v.yz, padded(start, w, width), 0.0);
          w++;
        }
      }
    }
  }
  if (p >= dim.P) { return; }
  let m = (n * dim.P + p) * dim.Q + q;
  for (var k = k0; k < min(k0 + 8, dim.K); k++) {  // one write in loops, as in lib/finish.wgsl
    let last = affine(k, dim.K);
    var near = a[0];
    var far = c[0];
    for (var i = m; i < m + min(dim.Q - q, 8u); i++) {
      y[i * dim.K + k] = activate(near.x * last[0] + last[1]);
      near = vec4f(near.yzw, far.x);
      far = far.yzww;
    }
    a = up(a, b[0]);
    b = mat2x4f(b[1], e[0]);
    e[0] = e[1];
    c = up(c, d[0]);
    d = mat2x4f(d[1], f[0]);
    f[0] = f[1];
  }
}
