// Adds up the gradients of a step that runs in several passes, one for each part of its batch.
//
//   total[i] += part[i]        after each pass but the first, which writes its gradients into `total` itself
//
// One dispatch for all parameters, one invocation per element; gradients are added in the order of the passes.
// They are means already: a loss divides by the images of the whole step. Twin: none; the formula is the code.

override WORKGROUP: u32 = 64;

struct Params { size: u32 }
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read_write> total: array<f32>;  // [size]
@group(0) @binding(1) var<storage, read> part: array<f32>;         // [size]

@compute @workgroup_size(WORKGROUP, 1, 1)
fn accumulate_add(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  if (i >= dim.size) { return; }
  total[i] += part[i];
}
