// Fully connected layer. Weights [C, K]: the transpose of PyTorch's.
//
//   y[n,k]       = f(bias[k] + Σ c  x[n,c] · weight[c,k])
//   dx[n,c]      = (Σ k  dy[n,k] · weight[c,k] + addend[n,c]) · f′(z[n,c])
//   dweight[c,k] =  Σ n  dy[n,k] · x[n,c]
//   dbias[k]     =  Σ n  dy[n,k]
//
// f, f′ and addend are there where fuse.ts has put them (ACTIVATION, SLOPE, ADDEND). An invocation computes one of
// `all` Values, along k. Those of backward are the gradients: the first `inputs` are elements of dx, behind them are
// Values of dweight and then dbias; either part may be left out. The plain rung: it takes every shape, and where K
// divides by 4 WIDTH is 4, or neighbours would read weights a row apart. Twin: test/reference/linear.ts.

override WORKGROUP: u32 = 64;
override ACTIVATION: u32 = 0;
override ADDEND: bool = false;

struct Params { N: u32, C: u32, K: u32, all: u32, inputs: u32 }
@group(1) @binding(0) var<uniform> dim: Params;

// #import value
@group(0) @binding(0) var<storage, read> x: array<f32>;                // [N, C]
@group(0) @binding(1) var<storage, read> weight: array<Value>;         // [C, K]
@group(0) @binding(2) var<storage, read> bias: array<Value>;           // [K]
@group(0) @binding(3) var<storage, read_write> y: array<Value>;        // [N, K]
@group(0) @binding(4) var<storage, read> dy: array<Value>;             // [N, K]
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;         // [N, C]
@group(0) @binding(6) var<storage, read_write> dweight: array<Value>;  // [C, K]
@group(0) @binding(7) var<storage, read_write> dbias: array<Value>;    // [K]
@group(0) @binding(8) var<storage, read> addend: array<f32>;           // [N, C]
@group(0) @binding(9) var<storage, read> z: array<f32>;                // [N, C]

// #import activation
// #import bias
// #import slope

@compute @workgroup_size(WORKGROUP, 1, 1)
fn linear_forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  if (i >= dim.all) { return; }
  let Ks = dim.K / WIDTH;
  let n = i / Ks;
  let k = i % Ks;
  var sum = Value();
  for (var c = 0u; c < dim.C; c++) { sum += x[n * dim.C + c] * weight[c * Ks + k]; }
  let last = affine(k, Ks);
  y[i] = activate(sum * last[0] + last[1]);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn linear_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= dim.all) { return; }
  let Ks = dim.K / WIDTH;
  let j = i - dim.inputs;  // Value of dweight and, behind it, dbias
  var sum = Value();
  if (i < dim.inputs) {
    let n = i / dim.C;
    let c = i % dim.C;
    for (var k = 0u; k < Ks; k++) { sum += dy[n * Ks + k] * weight[c * Ks + k]; }
    var v = dot(vec4f(sum), vec4f(f32(WIDTH) / 4));  // the sum of its components; a scalar stands for four
    if (ADDEND) { v += addend[i]; }
    if (SLOPE > 0) { v *= vec4f(slope(Value(z[i]))).x; }
    dx[i] = v;
    return;
  }
  let k = j % Ks;
  let c = j / Ks;  // C for dbias, which sums dy · 1
  for (var n = 0u; n < dim.N; n++) {
    var v = 1.0;
    if (c < dim.C) { v = x[n * dim.C + c]; }
    sum += dy[n * Ks + k] * v;
  }
  if (c < dim.C) { dweight[j] = sum; } else if (BIAS) { dbias[k] = sum; }
}
