// 2-D convolution (cross-correlation) with zero padding, dilation and groups. Activations NHWC, weights RSCK.
//
//   y[n,p,q,k]          = f(bias[k] + Σ r,s,d  x[n,h,w,c] · weight[r,s,d,k] + addend[n,p,q,k])
//                         c = ⌊k / F⌋·D + d: channel d of the group of filter k
//   dx[n,h,w,c]         = (Σ r,s,k  dy[n,p,q,k] · weight[r,s,d,k] + addend[n,h,w,c]) · f′(z[n,h,w,c])
//                         d = c mod D,  k over the filters of c's group
//   partial[z,r,s,d,k]  = Σ n,p,q in split z  dy[n,p,q,k] · x[n,h,w,c]
//   partial_bias[z,k]   = Σ n,p,q in split z  dy[n,p,q,k]
//   where  h = p·STRIDE_H + r·DILATION_H − padding_h,  w = q·STRIDE_W + s·DILATION_W − padding_w
//
// f, f′ and addend are there where fuse.ts has put them (ACTIVATION, SLOPE, ADDEND). Other rungs write m for
// the pixel (n, p, q), and m∘(r,s) for the pixel (n, h, w) of x that tap (r, s) of its window sees: 0 on
// padding. For dx, m is (n, h, w), and m∘(r,s) the pixel of dy whose tap (r, s) sees it: 0 where there is none.
//
// One invocation per element written; every pass gathers, none scatters (WGSL has no f32 atomics). A split is
// `span` rows (n, p), since a first layer of few filters has too few weights to keep a GPU busy. The sums of
// one split are dweight and dbias; those of several reduce.wgsl adds up. The plain rung: it takes every shape.
// Twin: test/reference/conv2d.ts.

// #import window
override WORKGROUP: u32 = 64;
override ACTIVATION: u32 = 0;
override ADDEND: bool = false;

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // input
  P: u32, Q: u32, K: u32,          // output
  D: u32, F: u32,                  // channels and filters of one group: C / groups, K / groups
  padding_h: i32, padding_w: i32,
  span: u32, size: u32,            // rows of a split; how many weights, 0 where dbias alone is asked for
}
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<f32>;              // [N, H, W, C]
@group(0) @binding(1) var<storage, read> weight: array<f32>;         // [R, S, D, K]
@group(0) @binding(2) var<storage, read> bias: array<f32>;           // [K]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;        // [N, P, Q, K]
@group(0) @binding(4) var<storage, read> dy: array<f32>;             // [N, P, Q, K]
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;       // [N, H, W, C]
@group(0) @binding(6) var<storage, read_write> partial: array<f32>;       // [splits, R, S, D, K]
@group(0) @binding(7) var<storage, read_write> partial_bias: array<f32>;  // [splits, K]
@group(0) @binding(8) var<storage, read> addend: array<f32>;         // as y or dx
@group(0) @binding(9) var<storage, read> z: array<f32>;              // [N, H, W, C]

// #import activation
// #import bias
// #import place
// #import slope

@compute @workgroup_size(WORKGROUP, 1, 1)
fn conv2d_forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  if (i >= dim.N * dim.P * dim.Q * dim.K) { return; }
  let at = place(i, dim.P, dim.Q, dim.K);
  let n = at.x;
  let p = at.y;
  let q = at.z;
  let k = at.w;
  let first = k / dim.F * dim.D;  // channel of k's group

  var sum = 0.0;
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
  let last = affine(k, dim.K);
  sum = sum * last[0] + last[1];
  if (ADDEND) { sum += addend[i]; }
  y[i] = activate(sum);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn conv2d_backward_input(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= dim.N * dim.H * dim.W * dim.C) { return; }
  let at = place(i, dim.H, dim.W, dim.C);
  let n = at.x;
  let h = at.y;
  let w = at.z;
  let c = at.w;
  let first = c / dim.D * dim.F;  // filter of c's group

  var sum = 0.0;
  for (var r = 0u; r < R; r++) {
    let hr = i32(h) + dim.padding_h - i32(r * DILATION_H);  // p · STRIDE_H, if tap r of some p sees h
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
  let end = min((id.z + 1) * dim.span, dim.N * dim.P);
  var sum = 0.0;
  if (i < dim.size) {
    let at = place(i, S, dim.D, dim.K);  // r, s, d, k
    let r = at.x;
    let s = at.y;
    let k = at.w;
    let c = k / dim.F * dim.D + at.z;
    for (var row = id.z * dim.span; row < end; row++) {
      let h = i32(row % dim.P * STRIDE_H + r * DILATION_H) - dim.padding_h;
      if (h < 0 || h >= i32(dim.H)) { continue; }
      for (var q = 0u; q < dim.Q; q++) {
        let w = i32(q * STRIDE_W + s * DILATION_W) - dim.padding_w;
        if (w < 0 || w >= i32(dim.W)) { continue; }
        sum += dy[(row * dim.Q + q) * dim.K + k] * x[((row / dim.P * dim.H + u32(h)) * dim.W + u32(w)) * dim.C + c];
      }
    }
    partial[id.z * dim.size + i] = sum;
  } else if (BIAS && i < dim.size + dim.K) {
    for (var m = id.z * dim.span * dim.Q; m < end * dim.Q; m++) { sum += dy[m * dim.K + i - dim.size]; }
    partial_bias[id.z * dim.K + i - dim.size] = sum;
  }
}
