// Input gradient of a convolution for up to 8 channels, by rows in registers and subgroup broadcast.
//
//   dx[m,c] = (Σ r,s,k dy[m∘(r,s), k] · weight[r,s,c,k] + addend[m,c]) · f′(z[m,c])    m = (n, h, w), as in conv2d.wgsl
//
// addend and f′ are there where fuse.ts has put them (ADDEND, SLOPE). An invocation goes along a row of dx,
// PIXELS pixels of dy at a time. Each of them counts for TAPS pixels of dx, whose sums are in registers;
// those that are then complete are written, the others stay for the next pixels of dy. So no tap is tried in
// vain, and rows of the window that reach no row of dy are left out as in conv2d_direct_input.wgsl. The rung
// row, for few channels in subgroups of 8: one group, stride and dilation 1, windows 2 to 5 wide, filters
// divisible by 4. In subgroups of 4 it is right, but slower than direct. Twin: test/reference/conv2d.ts.
enable subgroups;
const COLUMNS = 4;

// #import lanes
// #import tile
override WORKGROUP: u32 = 16;
override CHANNELS: u32 = 8;  // that are computed: 8, or 6 where there are no more
override PIXELS: u32 = 4;    // of dy at once: 4, or 5 where they divide a row and four do not
override TAPS: u32 = 5;      // width of the window
override ADDEND: bool = false;

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // input
  P: u32, Q: u32, K: u32,          // output
  padding_h: i32, padding_w: i32,
  R: u32,                          // height of the window
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
// #import padded_dy
// #import turns

/// Eight channels of each pixel of dx that PIXELS of dy count for: 5 + 5 − 1 at most.
alias Row = array<mat2x4f, 9>;

/// A row without its first pixel, and with another behind its last.
fn moved(row: Row, last: mat2x4f) -> Row {
  return Row(row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], last);
}

/// Four filters of a pixel of dy times a tap's weights: eight channels.
fn product(v: vec4f, low: mat4x4f, high: mat4x4f) -> mat2x4f { return mat2x4f(v * low, v * high); }

@compute @workgroup_size(WORKGROUP, 1, 1)
fn conv2d_row_input_backward(
  @builtin(local_invocation_index) here: u32, @builtin(num_workgroups) groups: vec3u,
  @builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32,
) {
  let K4 = i32(dim.K / 4);
  let begin = (group.y * groups.x + group.x) * WORKGROUP;
  // A workgroup goes along the same row of all images. H and more: an invocation too many, there for its subgroup.
  let h = (begin + here) / dim.N;
  let n = begin + here - h * dim.N;
  let channels = min(vec2u(lane % 8, 4 + lane % 4), vec2u(dim.C - 1));  // that this lane loads: with 4 lanes, both
  // p by tap 0 of the workgroup's first and last row, and the rows of the window by which any of them reaches dy.
  let ends = vec2i(vec2u(begin, begin + WORKGROUP - 1) / dim.N) + dim.padding_h;
  let rows = reaching(ends.x - i32(dim.P) + 1, ends.y + 1, 1, dim.R);

  var sum = Row();  // from pixel q − padding_w of dx on
  for (var q = 0; q < i32(dim.Q + TAPS - 1); q += i32(PIXELS)) {
    // at: r, k / 4. Past the last pixel of dy nothing is added, and the sums that are left are written.
    for (var at = vec2u(rows.x, 0); at.x < rows.y && q < i32(dim.Q); at = onward(at, dim.K / 4)) {
      let r = i32(at.x);
      let k = i32(at.y);
      let p = i32(h) + dim.padding_h - r;
      let width = select(0u, dim.Q, p >= 0 && p < i32(dim.P));  // nothing lies on a row outside the output
      let row = (i32(n * dim.P) + p) * i32(dim.Q * (dim.dy_pitch / 4)) + i32(dim.dy_offset / 4) + k;
      let v = mat4x4f(
        padded(row, q, width), padded(row, q + 1, width), padded(row, q + 2, width), padded(row, q + 3, width),
      );
      var last = vec4f();
      if (PIXELS == 5) { last = padded(row, q + 4, width); }
      // Pixel q + i of dy counts by tap s for sum i + s. The row turns by one a tap, so that indices are constants.
      for (var s = 0; s < i32(TAPS); s++) {
        let j = u32(r * i32(TAPS) + s) * dim.C;
        let held = weight[i32(j + channels.x) * K4 + k];
        var next = held;
        if (LANES < 8) { next = weight[i32(j + channels.y) * K4 + k]; }
        let low = lower_quads(held);
        var high = upper_quads(next);
        if (CHANNELS == 6) { high = mat4x4f(high[0], high[1], vec4f(), vec4f()); }
        sum[0] += product(v[0], low, high);
        sum[1] += product(v[1], low, high);
        sum[2] += product(v[2], low, high);
        sum[3] += product(v[3], low, high);
        if (PIXELS == 5) { sum[4] += product(last, low, high); }
        sum = moved(sum, sum[0]);
      }
      for (var s = TAPS; s < 9; s++) { sum = moved(sum, sum[0]); }  // back to its place
    }
    for (var w = q - dim.padding_w; w < q - dim.padding_w + i32(PIXELS); w++) {
      if (h < dim.H && u32(w) < dim.W) {
        var eight = sum[0];
        let m = (n * dim.H + h) * dim.W + u32(w);
        for (var to = m * dim.C; to < (m + 1) * dim.C; to++) {  // one write in a loop, as in lib/finish.wgsl
          var v = eight[0].x;
          if (ADDEND && (dim.fused & 1) > 0) { v += addend[to]; }
          if (SLOPE > 0 && (dim.fused & 2) > 0) { v *= slope(z[to]); }
          dx[to] = v;
          eight = mat2x4f(vec4f(eight[0].yzw, eight[1].x), eight[1].yzww);
        }
      }
      sum = moved(sum, mat2x4f());
    }
  }
}
