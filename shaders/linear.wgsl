// Fully connected layer. Weights [C, K]: the transpose of PyTorch's.
//
//   y[n,k]       = f(bias[k] + Σ c  x[n,c] · weight[c,k])
//   dx[n,c]      = (Σ k  dy[n,k] · weight[c,k] + addend[n,c]) · f′(z[n,c])
//   dweight[c,k] =  Σ n  dy[n,k] · x[n,c]
//   dbias[k]     =  Σ n  dy[n,k]
//
// f, f′ and addend are there where fuse.ts has put them (ACTIVATION, SLOPE, ADDEND). An invocation computes one
// of `all` elements. Those of backward are the gradients: the first `inputs` are dx, behind them are dweight and
// then dbias; either part may be left out. The plain rung: it takes every shape. Twin: test/reference/linear.ts.

override WORKGROUP: u32 = 64;
override ACTIVATION: u32 = 0;
override ADDEND: bool = false;

struct Params { N: u32, C: u32, K: u32, all: u32, inputs: u32 }
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<f32>;              // [N, C]
@group(0) @binding(1) var<storage, read> weight: array<f32>;         // [C, K]
@group(0) @binding(2) var<storage, read> bias: array<f32>;           // [K]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;        // [N, K]
@group(0) @binding(4) var<storage, read> dy: array<f32>;             // [N, K]
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;       // [N, C]
@group(0) @binding(6) var<storage, read_write> dweight: array<f32>;  // [C, K]
@group(0) @binding(7) var<storage, read_write> dbias: array<f32>;    // [K]
@group(0) @binding(8) var<storage, read> addend: array<f32>;         // [N, C]
@group(0) @binding(9) var<storage, read> z: array<f32>;              // [N, C]

// #import activation
// #import bias
// #import slope

@compute @workgroup_size(WORKGROUP, 1, 1)
fn linear_forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  if (i >= dim.all) { return; }
  let n = i / dim.K;
  let k = i % dim.K;
  var sum = 0.0;
  for (var c = 0u; c < dim.C; c++) { sum += x[n * dim.C + c] * weight[c * dim.K + k]; }
  let last = affine(k, dim.K);
  y[i] = activate(sum * last[0] + last[1]);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn linear_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= dim.all) { return; }
  let j = i - dim.inputs;  // element of dweight and, behind it, dbias
  var sum = 0.0;
  if (i < dim.inputs) {
    let n = i / dim.C;
    let c = i % dim.C;
    for (var k = 0u; k < dim.K; k++) { sum += dy[n * dim.K + k] * weight[c * dim.K + k]; }
    if (ADDEND) { sum += addend[i]; }
    if (SLOPE > 0) { sum *= slope(z[i]); }
    dx[i] = sum;
    return;
  }
  let k = j % dim.K;
  let c = j / dim.K;  // C for dbias, which sums dy · 1
  for (var n = 0u; n < dim.N; n++) {
    var v = 1.0;
    if (c < dim.C) { v = x[n * dim.C + c]; }
    sum += dy[n * dim.K + k] * v;
  }
  if (c < dim.C) { dweight[j] = sum; } else if (BIAS) { dbias[k] = sum; }
}
