// 2-D max pooling of four channels an invocation: windows of at most 255 elements, channels divisible by 4.
//
//   y, dx as in max_pool2d.wgsl; index[n,p,q,c/4] = Σ j (r·S + s of channel c + j) · 2^(8j), 255 where a window has no winner
//
// y times what a dropout behind it draws, where DROP. One invocation per vec4 written: the wide rung. tiled, where windows tile the image: one per vec4 of dy. Twin: test/reference/max_pool2d.ts.

// #import clock
// #import pooled
override WORKGROUP: u32 = 64;
override DILATION_H: u32 = 1;
override DILATION_W: u32 = 1;
override ADDEND: bool = false;

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // input
  P: u32, Q: u32,                  // output
  padding_h: i32, padding_w: i32,
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
// #import place
// #import slope

const SHIFTS = vec4u(0, 8, 16, 24);

@compute @workgroup_size(WORKGROUP, 1, 1)
fn max_pool2d_wide_forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  let C = dim.C / 4;
  if (i >= dim.N * dim.P * dim.Q * C) { return; }
  let at = place(i, dim.P, dim.Q, C);
  let n = at.x;
  let p = at.y;
  let q = at.z;
  let c = at.w;

  var best = vec4f(-3.4028234e38);
  var winner = vec4u(255);
  for (var r = 0u; r < R; r++) {
    let h = i32(p * STRIDE_H + r * DILATION_H) - dim.padding_h;
    if (h < 0 || h >= i32(dim.H)) { continue; }
    for (var s = 0u; s < S; s++) {
      let w = i32(q * STRIDE_W + s * DILATION_W) - dim.padding_w;
      if (w < 0 || w >= i32(dim.W)) { continue; }
      let value = x[((n * dim.H + u32(h)) * dim.W + u32(w)) * C + c];
      let nan = (bitcast<vec4u>(value) & vec4u(0x7fffffff)) > vec4u(0x7f800000);
      let wins = (winner == vec4u(255)) | (value > best) | nan;
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
fn max_pool2d_wide_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let e = id.y * groups.x * WORKGROUP + id.x;
  let C = dim.C / 4;
  if (e >= dim.N * dim.H * dim.W * C) { return; }
  let at = place(e, dim.H, dim.W, C);
  let n = at.x;
  let h = at.y;
  let w = at.z;
  let c = at.w;

  var sum = vec4f();
  for (var i = 0u; i < WINDOWS_H; i++) {
    let p = (i32(h) + dim.padding_h) / i32(STRIDE_H) - i32(i);  // the last window that holds h, the one before, …
    let r = u32(i32(h) + dim.padding_h - p * i32(STRIDE_H));    // how far h lies from its start
    if (p < 0 || p >= i32(dim.P) || r % DILATION_H != 0 || r / DILATION_H >= R) { continue; }
    for (var j = 0u; j < WINDOWS_W; j++) {
      let q = (i32(w) + dim.padding_w) / i32(STRIDE_W) - i32(j);
      let s = u32(i32(w) + dim.padding_w - q * i32(STRIDE_W));
      if (q < 0 || q >= i32(dim.Q) || s % DILATION_W != 0 || s / DILATION_W >= S) { continue; }
      let from_y = ((n * dim.P + u32(p)) * dim.Q + u32(q)) * C + c;
      let bytes = (vec4u(chosen[from_y]) >> SHIFTS) & vec4u(255);
      let d = dy[from_y];
      sum += select(vec4f(), d, bytes == vec4u(r / DILATION_H * S + s / DILATION_W));
    }
  }
  if (ADDEND) { sum += addend[e]; }
  if (SLOPE > 0) {
    let v = z[e];
    sum *= vec4f(slope(v.x), slope(v.y), slope(v.z), slope(v.w));
  }
  dx[e] = sum;
}

/// Windows that tile the image: an invocation writes all pixels of one.
@compute @workgroup_size(WORKGROUP, 1, 1)
fn max_pool2d_wide_tiled(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  let C = dim.C / 4;
  if (i >= dim.N * dim.P * dim.Q * C) { return; }
  let at = place(i, dim.P, dim.Q, C);
  let d = dy[i];
  let bytes = (vec4u(chosen[i]) >> SHIFTS) & vec4u(255);
  for (var r = 0u; r < R; r++) {
    for (var s = 0u; s < S; s++) {
      let e = ((at.x * dim.H + at.y * R + r) * dim.W + at.z * S + s) * C + at.w;
      var sum = select(vec4f(), d, bytes == vec4u(r * S + s));
      if (ADDEND) { sum += addend[e]; }
      if (SLOPE > 0) {
        let v = z[e];
        sum *= vec4f(slope(v.x), slope(v.y), slope(v.z), slope(v.w));
      }
      dx[e] = sum;
    }
  }
}
