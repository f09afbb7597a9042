// Concatenation along channels, one part at a time: part x of C channels is channels offset … offset + C of y.
//
//   y[m, offset + c] = x[m,c]        dx[m,c] = dy[m, offset + c]        m = (n, h, w)
//
// One invocation per element of x. Twin: test/reference/concat.ts.

override WORKGROUP: u32 = 64;

struct Params { M: u32, C: u32, K: u32, offset: u32 }
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<f32>;         // [M, C]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;   // [M, K]
@group(0) @binding(2) var<storage, read> dy: array<f32>;        // [M, K]
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;  // [M, C]

@compute @workgroup_size(WORKGROUP, 1, 1)
fn concat_forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  if (i >= dim.M * dim.C) { return; }
  y[i / dim.C * dim.K + dim.offset + i % dim.C] = x[i];
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn concat_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= dim.M * dim.C) { return; }
  dx[i] = dy[i / dim.C * dim.K + dim.offset + i % dim.C];
}
