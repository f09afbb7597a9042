// Elementwise activations. Where the derivative follows from the output, the input need not be kept.
//
//   y[i] = f(x[i])        dx[i] = dy[i] · f′(x[i]),  f′ written in z[i]: y[i] up to ACTIVATION 5, x[i] from 6 on
//   f: lib/activation.wgsl, by ACTIVATION, ALPHA and THRESHOLD
//
// One invocation per element. Twin: test/reference/activation.ts.

override WORKGROUP: u32 = 64;
override ACTIVATION: u32 = 1;

struct Params { size: u32 }
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<f32>;         // [size]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;   // [size]
@group(0) @binding(2) var<storage, read> z: array<f32>;         // [size], output or input of forward
@group(0) @binding(3) var<storage, read> dy: array<f32>;        // [size]
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;  // [size]

// #import activation

@compute @workgroup_size(WORKGROUP, 1, 1)
fn activation_forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  if (i >= dim.size) { return; }
  y[i] = activate(x[i]);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn activation_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= dim.size) { return; }
  dx[i] = dy[i] * slope(z[i]);
}
