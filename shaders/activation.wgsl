// Elementwise activations. Where the derivative follows from the output, the input need not be kept.
//
//   y[i] = f(x[i])        dx[i] = dy[i] · f′(z[i]),  z: y up to SLOPE 5, x from 6 on
//   f by ACTIVATION: lib/activation.wgsl, f′ by SLOPE: lib/slope.wgsl, the same number; with ALPHA and THRESHOLD
//
// One invocation per four Values, of WIDTH elements. Twin: test/reference/activation.ts.

override WORKGROUP: u32 = 64;
override ACTIVATION: u32 = 0;

struct Params { size: u32 }
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<Value>;         // [size]
@group(0) @binding(1) var<storage, read_write> y: array<Value>;   // [size]
@group(0) @binding(2) var<storage, read> z: array<Value>;         // [size], output or input of forward
@group(0) @binding(3) var<storage, read> dy: array<Value>;        // [size]
@group(0) @binding(4) var<storage, read_write> dx: array<Value>;  // [size]

// #import activation
// #import slope

@compute @workgroup_size(WORKGROUP, 1, 1)
fn activation_forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let n = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  let start = n / WORKGROUP * WORKGROUP * 4 + n % WORKGROUP;  // neighbours take neighbours
  for (var i = start; i < min(start + 4 * WORKGROUP, dim.size / WIDTH); i += WORKGROUP) {
    y[i] = activate(x[i]);
  }
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn activation_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let n = id.y * groups.x * WORKGROUP + id.x;
  let start = n / WORKGROUP * WORKGROUP * 4 + n % WORKGROUP;  // neighbours take neighbours
  for (var i = start; i < min(start + 4 * WORKGROUP, dim.size / WIDTH); i += WORKGROUP) {
    dx[i] = dy[i] * slope(z[i]);
  }
}
