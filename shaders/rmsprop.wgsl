// RMSprop (Hinton 2012; centered: Graves 2013) as PyTorch writes it, one dispatch for all parameters of a network.
//
//   g = dparam + weight_decay · param
//   s += (1 − α) · (g² − s)                                                                 s, a and u begin with 0
//   centered:          a += (1 − α) · (g − a),  r = √(s − a²) + eps;  else r = √s + eps
//   without momentum:  param −= lr · g / r
//   with momentum:     u = momentum · u + g / r,  param −= lr · u
//
// The host gives 1 − α, which would lose digits here. One invocation per WIDTH parameters.
// Twin: test/reference/rmsprop.ts.

override WORKGROUP: u32 = 64;

// #import clock
// #import value
// #import toward

struct Params { size: u32, rest: f32, eps: f32, weight_decay: f32, momentum: f32 }  // rest = 1 − α
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> clock: Clock;
@group(0) @binding(1) var<storage, read_write> param: array<Value>;     // [size]
@group(0) @binding(2) var<storage, read> dparam: array<Value>;          // [size]
@group(0) @binding(3) var<storage, read_write> square: array<Value>;    // [size], s
@group(0) @binding(4) var<storage, read_write> average: array<Value>;   // [size], a
@group(0) @binding(5) var<storage, read_write> velocity: array<Value>;  // [size], u

/// g / r, not centered.
fn scaled(i: u32) -> Value {
  let g = dparam[i] + dim.weight_decay * param[i];
  let s = toward(square[i], g * g, dim.rest);
  square[i] = s;
  return g / (sqrt(s) + dim.eps);
}

/// g / r, centered; rounding must not take s − a² below 0.
fn deviated(i: u32) -> Value {
  let g = dparam[i] + dim.weight_decay * param[i];
  let s = toward(square[i], g * g, dim.rest);
  let a = toward(average[i], g, dim.rest);
  square[i] = s;
  average[i] = a;
  return g / (sqrt(max(s - a * a, Value())) + dim.eps);
}

/// u, moved on by g / r.
fn moved(i: u32, by: Value) -> Value {
  let u = dim.momentum * velocity[i] + by;
  velocity[i] = u;
  return u;
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn rmsprop_update(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  if (i >= dim.size / WIDTH) { return; }
  let by = scaled(i);
  param[i] -= clock.lr * by;
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn rmsprop_momentum(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= dim.size / WIDTH) { return; }
  let by = moved(i, scaled(i));
  param[i] -= clock.lr * by;
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn rmsprop_centered(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= dim.size / WIDTH) { return; }
  let by = deviated(i);
  param[i] -= clock.lr * by;
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn rmsprop_centered_momentum(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= dim.size / WIDTH) { return; }
  let by = moved(i, deviated(i));
  param[i] -= clock.lr * by;
}
