// Fully connected layer. Weights [C, K]: the transpose of PyTorch's.
//
//   y[n,k]       = bias[k] + Σ c  x[n,c] · weight[c,k]
//   dx[n,c]      = (Σ k dy[n,k] · weight[c,k] + addend[n,c]) · f′(z[n,c])    where fuse.ts put ADDEND and SLOPE here
//   dweight[c,k] =           Σ n dy[n,k] · x[n,c]
//   dbias[k]     =           Σ n dy[n,k]
//
// One invocation per element written. The plain rung: takes every shape. Twin: test/reference/linear.ts.

override WORKGROUP: u32 = 64;
override ADDEND: bool = false;
override BIAS: bool = true;  // where false, any tensor may stand in for bias

struct Params { N: u32, C: u32, K: u32 }
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

// #import slope

@compute @workgroup_size(WORKGROUP, 1, 1)
fn linear_forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  if (i >= dim.N * dim.K) { return; }
  let k = i % dim.K;
  let row = i / dim.K * dim.C;
  var sum = 0.0;
  if (BIAS) { sum = bias[k]; }
  for (var c = 0u; c < dim.C; c++) {
    sum += x[row + c] * weight[c * dim.K + k];
  }
  y[i] = sum;
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn linear_backward_input(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= dim.N * dim.C) { return; }
  let column = i % dim.C * dim.K;
  let row = i / dim.C * dim.K;
  var sum = 0.0;
  for (var k = 0u; k < dim.K; k++) {
    sum += dy[row + k] * weight[column + k];
  }
  if (ADDEND) { sum += addend[i]; }
  if (SLOPE > 0) { sum *= slope(z[i]); }
  dx[i] = sum;
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn linear_backward_weight(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= dim.C * dim.K) { return; }
  let k = i % dim.K;
  let c = i / dim.K;
  var sum = 0.0;
  for (var n = 0u; n < dim.N; n++) {
    sum += dy[n * dim.K + k] * x[n * dim.C + c];
  }
  dweight[i] = sum;
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn linear_backward_bias(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let k = id.y * groups.x * WORKGROUP + id.x;
  if (k >= dim.K) { return; }
  var sum = 0.0;
  for (var n = 0u; n < dim.N; n++) {
    sum += dy[n * dim.K + k];
  }
  dbias[k] = sum;
}
