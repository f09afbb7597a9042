// Stochastic gradient descent, one dispatch for all parameters of a network: they lie in one buffer, and so do their
// gradients.
//
//   g = dparam + weight_decay · param
//   without momentum:  param −= lr · g
//   with momentum:     v = g in the first step, else momentum · v + (1 − dampening) · g
//                      param −= lr · (NESTEROV ? g + momentum · v : v)
//   (Sutskever et al. 2013, as PyTorch writes it)
//
// One invocation per WIDTH parameters. Twin: test/reference/sgd.ts.

override WORKGROUP: u32 = 64;
override NESTEROV: bool = false;

// #import clock
// #import value

struct Params { size: u32, weight_decay: f32, momentum: f32, dampening: f32 }
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> clock: Clock;
@group(0) @binding(1) var<storage, read_write> param: array<Value>;     // [size]
@group(0) @binding(2) var<storage, read> dparam: array<Value>;          // [size]
@group(0) @binding(3) var<storage, read_write> velocity: array<Value>;  // [size]

@compute @workgroup_size(WORKGROUP, 1, 1)
fn sgd_update(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  if (i >= dim.size / WIDTH) { return; }
  param[i] -= clock.lr * (dparam[i] + dim.weight_decay * param[i]);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn sgd_momentum(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= dim.size / WIDTH) { return; }
  let g = dparam[i] + dim.weight_decay * param[i];
  var v = g;
  if (clock.step > 0) { v = dim.momentum * velocity[i] + (1.0 - dim.dampening) * g; }
  velocity[i] = v;
  if (NESTEROV) { v = g + dim.momentum * v; }
  param[i] -= clock.lr * v;
}
