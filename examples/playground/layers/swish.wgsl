// Swish: a smooth relu. An invocation computes one element.
//   y  = x · σ(x)          σ(x) = 1 / (1 + e^−x)
//   dx = dy · σ(x) · (1 + x · (1 − σ(x)))
override WORKGROUP: u32 = 64;

struct Params { size: u32 }
@group(1) @binding(0) var<uniform> dim: Params;
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(WORKGROUP, 1, 1)
fn swish_forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= dim.size) { return; }
  y[i] = x[i] / (1.0 + exp(-x[i]));
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn swish_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= dim.size) { return; }
  let s = 1.0 / (1.0 + exp(-x[i]));
  dx[i] = dy[i] * s * (1.0 + x[i] * (1.0 - s));
}
