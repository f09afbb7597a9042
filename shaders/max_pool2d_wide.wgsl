// 2-D max pooling of four channels an invocation: windows of at most 255 elements, channels divisible by 4.
//
//   y, dx as in max_pool2d.wgsl; index[n,p,q,c/4] = Σ j (r·S + s of channel c + j) · 2^(8j), 255 where none has won
//
// fuse.ts may put a dropout behind forward (DROP). The wide rung: one invocation per vec4 written. tiled,
// where at most two windows along an axis hold a pixel: one per column of up to `rows` blocks of
// STRIDE_H × STRIDE_W pixels of dx. Grids are by rows (lib/rows.wgsl). Twin: test/reference/max_pool2d.ts.

// #import clock
// #import opaque_zero
// #import pooled
override WORKGROUP: u32 = 64;
override DILATION_H: u32 = 1;
override DILATION_W: u32 = 1;
override ADDEND: bool = false;

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // input
  P: u32, Q: u32,                  // output
  padding_h: i32, padding_w: i32,
  rows: u32,                       // of tiled
  stream: u32, threshold: u32, scale: f32,  // of a dropout behind forward
}
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<vec4f>;          // [N, H, W, C / 4]
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;    // [N, P, Q, C / 4]
@group(0) @binding(2) var<storage, read_write> index: array<u32>;  // [N, P, Q, C / 4]
@group(0) @binding(3) var<storage, read> dy: array<vec4f>;         // [N, P, Q, C / 4]
@group(0) @binding(4) var<storage, read> chosen: array<u32>;       // [N, P, Q, C / 4], what forward wrote to index
@group(0) @binding(5) var<storage, read_write> dx: array<vec4f>;   // [N, H, W, C / 4]
@group(0) @binding(6) var<storage, read> addend: array<vec4f>;     // [N, H, W, C / 4]
@group(0) @binding(7) var<storage, read> z: array<vec4f>;          // [N, H, W, C / 4]

@group(0) @binding(8) var<storage, read> clock: Clock;             // where DROP

// #import drop
// #import put
// #import rows

const SHIFTS = vec4u(0, 8, 16, 24);

@compute @workgroup_size(WORKGROUP, 1, 1)
fn max_pool2d_wide_forward(
  @builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
) {
  let C = dim.C / 4;
  let at = place_by_row(id.x, group, groups, dim.P, C);  // n, p, q, c / 4
  if (at.x >= dim.N || at.z >= dim.Q) { return; }
  let i = (at.x * dim.P + at.y) * dim.Q * C + id.x;

  var best = vec4f(-3.4028234e38);
  var winner = vec4u(255);
  for (var r = opaque_zero(at.x, R); r < R; r++) {
    let h = i32(at.y * STRIDE_H + r * DILATION_H) - dim.padding_h;
    let on = h >= 0 && h < i32(dim.H);
    let from_x = (at.x * dim.H + u32(clamp(h, 0, i32(dim.H) - 1))) * dim.W * C + at.w;
    for (var s = 0u; s < S; s++) {
      let w = i32(at.z * STRIDE_W + s * DILATION_W) - dim.padding_w;
      let value = x[from_x + u32(clamp(w, 0, i32(dim.W) - 1)) * C];  // on padding the edge's, which cannot win
      let nan = (bitcast<vec4u>(value) & vec4u(0x7fffffff)) > vec4u(0x7f800000);
      let wins = vec4<bool>(on && w >= 0 && w < i32(dim.W)) & ((winner == vec4u(255)) | (value > best) | nan);
      best = select(best, value, wins);
      winner = select(winner, vec4u(r * S + s), wins);
    }
  }
  if (DROP) { best *= factors(i); }
  y[i] = best;
  let bytes = winner << SHIFTS;
  index[i] = bytes.x | bytes.y | bytes.z | bytes.w;
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn max_pool2d_wide_backward(
  @builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
) {
  let C = dim.C / 4;
  let at = place_by_row(id.x, group, groups, dim.H, C);  // n, h, w, c / 4
  if (at.x >= dim.N || at.z >= dim.W) { return; }
  let e = (at.x * dim.H + at.y) * dim.W * C + id.x;

  var sum = vec4f();
  for (var i = opaque_zero(at.x, WINDOWS_H); i < WINDOWS_H; i++) {
    // The last window that may hold the pixel, then the ones before it; r · DILATION_H: how far into it the pixel lies.
    let p = (i32(at.y) + dim.padding_h) / i32(STRIDE_H) - i32(i);
    let r = u32(i32(at.y) + dim.padding_h - p * i32(STRIDE_H));
    if (p < 0 || p >= i32(dim.P) || r % DILATION_H != 0 || r / DILATION_H >= R) { continue; }
    for (var j = 0u; j < WINDOWS_W; j++) {
      let q = (i32(at.z) + dim.padding_w) / i32(STRIDE_W) - i32(j);
      let s = u32(i32(at.z) + dim.padding_w - q * i32(STRIDE_W));
      let on = q >= 0 && q < i32(dim.Q) && s % DILATION_W == 0 && s / DILATION_W < S;
      let tap = select(256, r / DILATION_H * S + s / DILATION_W, on);  // 256: of no tap
      let from_y = ((at.x * dim.P + u32(p)) * dim.Q + u32(clamp(q, 0, i32(dim.Q) - 1))) * C + at.w;
      let bytes = (vec4u(chosen[from_y]) >> SHIFTS) & vec4u(255);
      let d = dy[from_y];
      sum += select(vec4f(), d, bytes == vec4u(tap));
    }
  }
  put(e, sum);
}

/// The same windows, at most two along an axis, may hold all STRIDE_H × STRIDE_W pixels of a block. An invocation goes
/// down a column of blocks; for each it loads the row of windows that begins there, and knows the row before.
@compute @workgroup_size(WORKGROUP, 1, 1)
fn max_pool2d_wide_tiled(
  @builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
) {
  let C = dim.C / 4;
  let blocks = (dim.H + u32(dim.padding_h) + STRIDE_H - 1) / STRIDE_H;
  let at = place_by_row(id.x, group, groups, (blocks + dim.rows - 1) / dim.rows, C);  // n, run, q, c / 4
  if (at.x >= dim.N) { return; }
  let end = min((at.y + 1) * dim.rows, blocks);
  var d: array<vec4f, 4>;      // of the windows (p, q), (p, q − 1), (p − 1, q), (p − 1, q − 1)
  var bytes: array<vec4u, 4>;
  for (var p = at.y * dim.rows + 1 - WINDOWS_H; p + 1 <= end; p++) {  // before row 0: p wraps to far above P
    d[2] = d[0]; d[3] = d[1];
    bytes[2] = bytes[0]; bytes[3] = bytes[1];
    for (var j = 0u; j < WINDOWS_W; j++) {
      let q = at.z - j;
      let place = ((at.x * dim.P + min(p, dim.P - 1)) * dim.Q + min(q, dim.Q - 1)) * C + at.w;
      d[j] = dy[place];
      bytes[j] = (vec4u(chosen[place]) >> SHIFTS) & vec4u(255);
      if (p >= dim.P || q >= dim.Q) { bytes[j] = vec4u(256); }  // of no tap
    }
    if (p + 1 == at.y * dim.rows && WINDOWS_H == 2) { continue; }  // the row before the first block
    for (var u = opaque_zero(at.x, STRIDE_H * WINDOWS_H); u < STRIDE_H; u++) {
      let h = p * STRIDE_H + u - u32(dim.padding_h);
      if (h >= dim.H) { continue; }
      for (var v = 0u; v < STRIDE_W; v++) {
        let w = at.z * STRIDE_W + v - u32(dim.padding_w);
        if (w >= dim.W) { continue; }
        var sum = vec4f();
        for (var i = 0u; i < WINDOWS_H; i++) {
          for (var j = 0u; j < WINDOWS_W; j++) {
            let r = i * STRIDE_H + u;
            let s = j * STRIDE_W + v;
            if (r % DILATION_H + s % DILATION_W != 0 || r / DILATION_H >= R || s / DILATION_W >= S) { continue; }
            let here = d[2 * i + j];
            let winner = bytes[2 * i + j];
            sum += select(vec4f(), here, winner == vec4u(r / DILATION_H * S + s / DILATION_W));
          }
        }
        put(((at.x * dim.H + h) * dim.W + w) * C + at.w, sum);
      }
    }
    if (WINDOWS_H == 1) { break; }  // where blocks share no windows, an invocation has one
  }
}
