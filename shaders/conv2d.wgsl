// 2-D convolution (cross-correlation) with zero padding, dilation and groups. Activations NHWC, weights RSCK.
//
//   y[n,p,q,k]       = bias[k] + Σ r,s,d   x[n,h,w,c] · weight[r,s,d,k]     c = g·D + d,  g the group of filter k
//   dx[n,h,w,c]      =           Σ r,s,k  dy[n,p,q,k] · weight[r,s,d,k]     k over the filters of c's group; then
//                      (… + addend[n,h,w,c]) · f′(z[n,h,w,c])               where fuse.ts put ADDEND and SLOPE here
//   dweight[r,s,d,k] =           Σ n,p,q  dy[n,p,q,k] · x[n,h,w,c]
//   dbias[k]         =           Σ n,p,q  dy[n,p,q,k]
//   where  h = p·STRIDE_H + r·DILATION_H − padding_h,  w = q·STRIDE_W + s·DILATION_W − padding_w
//
// One invocation per element written; every pass gathers, none scatters (WGSL has no f32 atomics).
// The plain rung: takes every shape. Twin: test/reference/conv2d.ts.

// #import window
override WORKGROUP: u32 = 64;
override ADDEND: bool = false;
override BIAS: bool = true;  // where false, any tensor may stand in for bias

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // input
  P: u32, Q: u32, K: u32,          // output
  D: u32, F: u32,                  // channels and filters of one group: C / groups, K / groups
  padding_h: i32, padding_w: i32,
}
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<f32>;              // [N, H, W, C]
@group(0) @binding(1) var<storage, read> weight: array<f32>;         // [R, S, D, K]
@group(0) @binding(2) var<storage, read> bias: array<f32>;           // [K]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;        // [N, P, Q, K]
@group(0) @binding(4) var<storage, read> dy: array<f32>;             // [N, P, Q, K]
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;       // [N, H, W, C]
@group(0) @binding(6) var<storage, read_write> dweight: array<f32>;  // [R, S, D, K]
@group(0) @binding(7) var<storage, read_write> dbias: array<f32>;    // [K]
@group(0) @binding(8) var<storage, read> addend: array<f32>;         // [N, H, W, C]
@group(0) @binding(9) var<storage, read> z: array<f32>;              // [N, H, W, C]

// #import slope

@compute @workgroup_size(WORKGROUP, 1, 1)
fn conv2d_forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  if (i >= dim.N * dim.P * dim.Q * dim.K) { return; }
  let k = i % dim.K;
  let q = i / dim.K % dim.Q;
  let p = i / (dim.K * dim.Q) % dim.P;
  let n = i / (dim.K * dim.Q * dim.P);
  let first = k / dim.F * dim.D;  // of the channels that filter k sees

  var sum = 0.0;
  if (BIAS) { sum = bias[k]; }
  for (var r = 0u; r < R; r++) {
    let h = i32(p * STRIDE_H + r * DILATION_H) - dim.padding_h;
    if (h < 0 || h >= i32(dim.H)) { continue; }
    for (var s = 0u; s < S; s++) {
      let w = i32(q * STRIDE_W + s * DILATION_W) - dim.padding_w;
      if (w < 0 || w >= i32(dim.W)) { continue; }
      let pixel = ((n * dim.H + u32(h)) * dim.W + u32(w)) * dim.C + first;
      let tap = (r * S + s) * dim.D * dim.K + k;
      for (var d = 0u; d < dim.D; d++) {
        sum += x[pixel + d] * weight[tap + d * dim.K];
      }
    }
  }
  y[i] = sum;
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn conv2d_backward_input(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= dim.N * dim.H * dim.W * dim.C) { return; }
  let c = i % dim.C;
  let w = i / dim.C % dim.W;
  let h = i / (dim.C * dim.W) % dim.H;
  let n = i / (dim.C * dim.W * dim.H);
  let first = c / dim.D * dim.F;  // of the filters that see channel c

  var sum = 0.0;
  for (var r = 0u; r < R; r++) {
    let hr = i32(h) + dim.padding_h - i32(r * DILATION_H);  // = p · STRIDE_H, if some p reaches h through r
    if (hr < 0 || u32(hr) % STRIDE_H != 0 || u32(hr) / STRIDE_H >= dim.P) { continue; }
    for (var s = 0u; s < S; s++) {
      let ws = i32(w) + dim.padding_w - i32(s * DILATION_W);
      if (ws < 0 || u32(ws) % STRIDE_W != 0 || u32(ws) / STRIDE_W >= dim.Q) { continue; }
      let pixel = ((n * dim.P + u32(hr) / STRIDE_H) * dim.Q + u32(ws) / STRIDE_W) * dim.K + first;
      let tap = ((r * S + s) * dim.D + c % dim.D) * dim.K + first;
      for (var f = 0u; f < dim.F; f++) {
        sum += dy[pixel + f] * weight[tap + f];
      }
    }
  }
  if (ADDEND) { sum += addend[i]; }
  if (SLOPE > 0) { sum *= slope(z[i]); }
  dx[i] = sum;
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn conv2d_backward_weight(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= R * S * dim.D * dim.K) { return; }
  let k = i % dim.K;
  let d = i / dim.K % dim.D;
  let s = i / (dim.K * dim.D) % S;
  let r = i / (dim.K * dim.D * S);
  let c = k / dim.F * dim.D + d;

  var sum = 0.0;
  for (var n = 0u; n < dim.N; n++) {
    for (var p = 0u; p < dim.P; p++) {
      let h = i32(p * STRIDE_H + r * DILATION_H) - dim.padding_h;
      if (h < 0 || h >= i32(dim.H)) { continue; }
      for (var q = 0u; q < dim.Q; q++) {
        let w = i32(q * STRIDE_W + s * DILATION_W) - dim.padding_w;
        if (w < 0 || w >= i32(dim.W)) { continue; }
        sum += dy[((n * dim.P + p) * dim.Q + q) * dim.K + k] * x[((n * dim.H + u32(h)) * dim.W + u32(w)) * dim.C + c];
      }
    }
  }
  dweight[i] = sum;
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn conv2d_backward_bias(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let k = id.y * groups.x * WORKGROUP + id.x;
  if (k >= dim.K) { return; }
  var sum = 0.0;
  for (var row = 0u; row < dim.N * dim.P * dim.Q; row++) {
    sum += dy[row * dim.K + k];
  }
  dbias[k] = sum;
}
