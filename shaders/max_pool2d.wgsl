// 2-D max pooling. Padding never wins; of equal values the first does, and NaN wins over numbers, as in PyTorch.
//
//   y[n,p,q,c]  = max r,s  x[n,h,w,c]        index[n,p,q,c] = r·S + s of the winner
//   dx[n,h,w,c] = (Σ p,q  dy[n,p,q,c] + addend[n,h,w,c]) · f′(z[n,h,w,c])      over the windows whose winner is (h, w)
//   where  h = p·STRIDE_H + r·DILATION_H − padding_h,  w = q·STRIDE_W + s·DILATION_W − padding_w
//
// addend and f′ are there where fuse.ts has put them (ADDEND, SLOPE). The plain rung: one invocation per element
// written. tiled, where windows share no pixels: one per element of dy, which writes STRIDE_H × STRIDE_W pixels of
// dx, those from where its window begins. Grids are by rows (lib/rows.wgsl). Twin: test/reference/max_pool2d.ts.

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
}
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<f32>;            // [N, H, W, C]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;      // [N, P, Q, C]
@group(0) @binding(2) var<storage, read_write> index: array<u32>;  // [N, P, Q, C]
@group(0) @binding(3) var<storage, read> dy: array<f32>;           // [N, P, Q, C]
@group(0) @binding(4) var<storage, read> chosen: array<u32>;       // [N, P, Q, C], what forward wrote to index
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;     // [N, H, W, C]
@group(0) @binding(6) var<storage, read> addend: array<f32>;       // [N, H, W, C]
@group(0) @binding(7) var<storage, read> z: array<f32>;            // [N, H, W, C]

// #import rows
// #import slope

const NONE = 0xffffffffu;  // a window that lies in the padding altogether

@compute @workgroup_size(WORKGROUP, 1, 1)
fn max_pool2d_forward(
  @builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
) {
  let at = place_by_row(id.x, group, groups, dim.P, dim.C);  // n, p, q, c
  if (at.x >= dim.N || at.z >= dim.Q) { return; }
  let i = (at.x * dim.P + at.y) * dim.Q * dim.C + id.x;

  var best = -3.4028234e38;
  var winner = NONE;
  for (var r = opaque_zero(at.x, R); r < R; r++) {
    let h = i32(at.y * STRIDE_H + r * DILATION_H) - dim.padding_h;
    let on = h >= 0 && h < i32(dim.H);
    let from_x = (at.x * dim.H + u32(clamp(h, 0, i32(dim.H) - 1))) * dim.W * dim.C + at.w;
    for (var s = 0u; s < S; s++) {
      let w = i32(at.z * STRIDE_W + s * DILATION_W) - dim.padding_w;
      let value = x[from_x + u32(clamp(w, 0, i32(dim.W) - 1)) * dim.C];  // on padding the edge's, which cannot win
      let nan = (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
      let wins = on && w >= 0 && w < i32(dim.W) && (winner == NONE || value > best || nan);
      best = select(best, value, wins);
      winner = select(winner, r * S + s, wins);
    }
  }
  y[i] = best;
  index[i] = winner;
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn max_pool2d_backward(
  @builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
) {
  let at = place_by_row(id.x, group, groups, dim.H, dim.C);  // n, h, w, c
  if (at.x >= dim.N || at.z >= dim.W) { return; }
  let e = (at.x * dim.H + at.y) * dim.W * dim.C + id.x;

  var sum = 0.0;
  for (var i = opaque_zero(at.x, WINDOWS_H); i < WINDOWS_H; i++) {
    // The last window that may hold the pixel, then the ones before it; r · DILATION_H: how far into it the pixel lies.
    let p = (i32(at.y) + dim.padding_h) / i32(STRIDE_H) - i32(i);
    let r = u32(i32(at.y) + dim.padding_h - p * i32(STRIDE_H));
    if (p < 0 || p >= i32(dim.P) || r % DILATION_H != 0 || r / DILATION_H >= R) { continue; }
    for (var j = 0u; j < WINDOWS_W; j++) {
      let q = (i32(at.z) + dim.padding_w) / i32(STRIDE_W) - i32(j);
      let s = u32(i32(at.z) + dim.padding_w - q * i32(STRIDE_W));
      let on = q >= 0 && q < i32(dim.Q) && s % DILATION_W == 0 && s / DILATION_W < S;
      let tap = select(NONE - 1, r / DILATION_H * S + s / DILATION_W, on);  // NONE − 1: of no tap
      let from_y = ((at.x * dim.P + u32(p)) * dim.Q + u32(clamp(q, 0, i32(dim.Q) - 1))) * dim.C + at.w;
      let d = dy[from_y];
      let winner = chosen[from_y];
      sum += select(0.0, d, winner == tap);
    }
  }
  if (ADDEND) { sum += addend[e]; }
  if (SLOPE > 0) { sum *= slope(z[e]); }
  dx[e] = sum;
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn max_pool2d_tiled(
  @builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
) {
  // n, p, q, c; past the last window, too, where pixels may be left that no window holds.
  let at = place_by_row(id.x, group, groups, (dim.H + u32(dim.padding_h) + STRIDE_H - 1) / STRIDE_H, dim.C);
  if (at.x >= dim.N) { return; }
  let from_y = ((at.x * dim.P + min(at.y, dim.P - 1)) * dim.Q + min(at.z, dim.Q - 1)) * dim.C + at.w;
  let d = dy[from_y];
  var winner = chosen[from_y];
  if (at.y >= dim.P || at.z >= dim.Q) { winner = NONE; }
  for (var u = opaque_zero(at.x, STRIDE_H); u < STRIDE_H; u++) {
    let h = at.y * STRIDE_H + u - u32(dim.padding_h);
    for (var v = opaque_zero(at.x, STRIDE_W); v < STRIDE_W; v++) {
      let w = at.z * STRIDE_W + v - u32(dim.padding_w);
      if (h >= dim.H || w >= dim.W) { continue; }
      let on = u % DILATION_H + v % DILATION_W == 0 && v / DILATION_W < S;
      let tap = select(NONE - 1, u / DILATION_H * S + v / DILATION_W, on);
      let e = ((at.x * dim.H + h) * dim.W + w) * dim.C + at.w;
      var sum = select(0.0, d, winner == tap);
      if (ADDEND) { sum += addend[e]; }
      if (SLOPE > 0) { sum *= slope(z[e]); }
      dx[e] = sum;
    }
  }
}
