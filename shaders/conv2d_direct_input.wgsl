// Input gradient of a convolution by register tiles, subgroup broadcast and sliding pixels; no barrier.
//
//   dx[m,c] = (Σ r,s,k dy[m∘(r,s), k] · weight[r,s,c,k] + addend[m,c]) · f′(z[m,c])    m = (n, h, w), as in conv2d.wgsl
//
// addend and f′ are there where fuse.ts has put them (ADDEND, SLOPE). An invocation computes 4 pixels of a row × 16
// channels, four filters at a time. Strides are taken apart by phase (h mod STRIDE_H, w mod STRIDE_W): the 4 pixels are
// neighbours in their phase, the same taps reach all of them, and nothing is multiplied by zero. From tap to tap they
// slide, as in conv2d_vec4.wgsl: one dy is loaded, and weights, along k, once a subgroup. Workgroups go along the same
// row of all images, and leave out the taps that reach no row of dy. The direct rung: one group, filters divisible by
// 4, a stride or a dilation along each axis, not both, subgroups of 4 or more. Twin: test/reference/conv2d.ts.
enable subgroups;
const COLUMNS = 4;

// #import stride
// #import lanes
override WORKGROUP: u32 = 16;
override CHANNELS: u32 = 16;  // that are computed: 16, or 8 or 6 where there are no more
override TAPS: u32 = 0;  // width of a window that slides by 1: its loop unrolls; else 0, one text for all windows
override ADDEND: bool = false;

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // input
  P: u32, Q: u32, K: u32,          // output
  padding_h: i32, padding_w: i32,
  R: u32, S: u32,                  // window
  dy_pitch: u32, dy_offset: u32,   // channels of dy's pixels and where K of them begin: K, 0, but in a concatenation
  fused: u32,                      // 1: ADDEND is meant for this step, 2: SLOPE
}
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> weight: array<vec4f>;   // [R, S, C, K / 4]
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;       // [N, P, Q, K / 4]
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;   // [N, H, W, C]
@group(0) @binding(3) var<storage, read> addend: array<f32>;     // [N, H, W, C]
@group(0) @binding(4) var<storage, read> z: array<f32>;          // [N, H, W, C]

// #import slope
// #import unravel
// #import turns
// #import tile
// #import padded_dy

/// Channels 0 to 3, 4 and 5, 6 and 7, 8 to 11, 12 to 15: a column each, of four pixels. Beyond CHANNELS none is summed.
struct Sums { a: mat4x4f, b: mat2x4f, c: mat2x4f, d: mat4x4f, e: mat4x4f }

/// Adds four filters of dy, a column for each of four pixels, times a tap's weights: this lane loads those at i.
fn tap(sum: ptr<function, Sums>, pixels: mat4x4f, i: vec4u) {
  let held = weight[i.x];
  var next = held;
  if (LANES < 8) { next = weight[i.z]; }
  let v = transpose(pixels);
  let u = upper_quads(next);
  (*sum).a += v * lower_quads(held);
  (*sum).b += v * mat2x4f(u[0], u[1]);
  if (CHANNELS > 6) { (*sum).c += v * mat2x4f(u[2], u[3]); }
  if (CHANNELS == 16) {
    let more = weight[i.y];
    var last = more;
    if (LANES < 8) { last = weight[i.w]; }
    (*sum).d += v * lower_quads(more);
    (*sum).e += v * upper_quads(last);
  }
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn conv2d_direct_input_backward(
  @builtin(local_invocation_index) here: u32, @builtin(num_workgroups) groups: vec3u,
  @builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32,
) {
  let phases = STRIDE_H * STRIDE_W;
  let phase = vec2u(group.z % phases / STRIDE_W, group.z % phases % STRIDE_W);  // of the pixels (h, w) computed here
  let stride = vec2u(STRIDE_H, STRIDE_W);
  let size = (vec2u(dim.H, dim.W) + stride - 1 - phase) / stride;               // rows and columns of this phase
  let c0 = 16 * (group.z / phases);
  let K4 = dim.K / 4;
  let strips = max(1u, (size.y + 3) / 4);  // 1 to divide by, where a phase has no columns and writes nothing
  let begin = (group.y * groups.x + group.x) * WORKGROUP;
  let place = unravel(begin + here, dim.N, strips);  // a workgroup goes along the same row of all images
  let h = place.x;  // of the phase, as w is; past its last row: an invocation too many, which goes on for its subgroup
  let n = place.y;
  let w = 4 * place.z;
  // Channels whose weights this lane loads: two or, with 4 lanes, four.
  let channels = min(c0 + vec4u(lane % 8, 8 + lane % 8, 4 + lane % 4, 12 + lane % 4), vec4u(dim.C - 1));

  // Row i of a phase is h = STRIDE_H · i + phase; p sees it by r where STRIDE_H · p + DILATION_H · r = h + padding_h.
  // So do the taps r = first + STRIDE_H · t, t < taps, with p = i + shift − DILATION_H · t. Columns likewise.
  let S = i32(select(TAPS, dim.S, TAPS == 0));
  let reach = vec2i(phase) + vec2i(dim.padding_h, dim.padding_w);
  let first = reach % vec2i(stride);
  let shift = reach / vec2i(stride);
  // p at t = 0 of the workgroup's first and last row, and the t by which any of them reaches a row of dy.
  let ends = vec2i(vec2u(begin, begin + WORKGROUP - 1) / (dim.N * strips)) + shift.x;
  let taps = (vec2i(i32(dim.R), S) - first + vec2i(stride) - 1) / vec2i(stride);
  let rows = reaching(ends.x - i32(dim.P) + 1, ends.y + 1, DILATION_H, u32(select(0, taps.x, taps.y > 0)));

  var sum: Sums;
  for (var at = vec2u(rows.x, 0); at.x < rows.y; at = onward(at, dim.K / 4)) {  // t of the row, k / 4
    let r = first.x + i32(at.x * STRIDE_H);
    let p = i32(h) + shift.x - i32(at.x * DILATION_H);
    let width = select(0u, dim.Q, p >= 0 && p < i32(dim.P));  // nothing lies on a row outside the output
    let row = (i32(n * dim.P) + p) * i32(dim.Q * (dim.dy_pitch / 4)) + i32(dim.dy_offset / 4 + at.y);
    var q = i32(w) + shift.y;
    var v_1 = padded(row, q + 1, width);
    var v_2 = padded(row, q + 2, width);
    var v_3 = padded(row, q + 3, width);
    if (TAPS == 1) {  // a loop of one turn would copy each sum
      tap(&sum, mat4x4f(padded(row, q, width), v_1, v_2, v_3), (u32(r) * dim.C + channels) * K4 + at.y);
    } else {
      for (var s = first.y; s < S; s += i32(STRIDE_W)) {
        let v_0 = padded(row, q, width);
        tap(&sum, mat4x4f(v_0, v_1, v_2, v_3), (u32(r * S + s) * dim.C + channels) * K4 + at.y);
        v_3 = v_2; v_2 = v_1; v_1 = v_0;
        q--;
        if (DILATION_W > 1) {  // pixels that no tap sees slide by, too
          for (var skipped = 1u; skipped < DILATION_W; skipped++) {
            v_3 = v_2; v_2 = v_1; v_1 = padded(row, q, width);
            q--;
          }
        }
      }
    }
  }
  if (h >= size.x || w >= size.y) { return; }
  let m = (n * dim.H + h * STRIDE_H + phase.x) * dim.W + w * STRIDE_W + phase.y;
  for (var c4 = c0; c4 < min(c0 + 16, dim.C); c4 += 4) {  // one write in loops, as in lib/finish.wgsl
    var four = sum.a;
    for (var channel = c4; channel < min(c4 + 4, dim.C); channel++) {
      var pixels = four[0];
      for (var i = m; i < m + min(size.y - w, 4u) * STRIDE_W; i += STRIDE_W) {
        let to = i * dim.C + channel;
        var v = pixels.x;
        if (ADDEND && (dim.fused & 1) > 0) { v += addend[to]; }
        if (SLOPE > 0 && (dim.fused & 2) > 0) { v *= slope(z[to]); }
        dx[to] = v;
        pixels = pixels.yzww;
      }
      four = up(four, four[3]);
    }
    let next = mat4x4f(sum.b[0], sum.b[1], sum.c[0], sum.c[1]);
    sum = Sums(next, mat2x4f(sum.d[0], sum.d[1]), mat2x4f(sum.d[2], sum.d[3]), sum.e, sum.e);
  }
}
