// Adam (Kingma & Ba 2015) and AdamW (Loshchilov & Hutter 2019), one dispatch for all parameters of a network.
//
//   Adam:  g = dparam + weight_decay · param     AdamW (DECOUPLED):  g = dparam,  param −= lr · weight_decay · param
//   m += (1 − β₁) · (g − m),  v += (1 − β₂) · (g² − v)     from 0
//   param −= lr · m / (1 − β₁^t) / (√(v / (1 − β₂^t)) + eps)                   t = clock.step + 1
//
// The host gives 1 − β and log β: they would lose digits here. One invocation per WIDTH parameters.
// Twin: test/reference/adam.ts.

override WORKGROUP: u32 = 64;
override DECOUPLED: bool = false;

// #import clock
// #import value
// #import toward

struct Params {
  size: u32,
  alpha1: f32, alpha2: f32,        // 1 − β₁, 1 − β₂
  log_beta1: f32, log_beta2: f32,
  eps: f32, weight_decay: f32,
}
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> clock: Clock;
@group(0) @binding(1) var<storage, read_write> param: array<Value>;  // [size]
@group(0) @binding(2) var<storage, read> dparam: array<Value>;       // [size]
@group(0) @binding(3) var<storage, read_write> m: array<Value>;      // [size], running mean of g
@group(0) @binding(4) var<storage, read_write> v: array<Value>;      // [size], of g²

/// 1 − exp(e) for e ≤ 0: by its series near 0, where the difference would cancel.
fn rest(e: f32) -> f32 {
  if (e > -0.25) {
    return -e * (1.0 + e / 2.0 * (1.0 + e / 3.0 * (1.0 + e / 4.0 * (1.0 + e / 5.0 * (1.0 + e / 6.0)))));
  }
  return 1.0 - exp(e);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn adam_update(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  if (i >= dim.size / WIDTH) { return; }
  let t = f32(clock.step + 1);
  var p = param[i];
  var g = dparam[i];
  if (DECOUPLED) { p -= clock.lr * dim.weight_decay * p; } else { g += dim.weight_decay * p; }
  let mean = toward(m[i], g, dim.alpha1);
  let square = toward(v[i], g * g, dim.alpha2);
  m[i] = mean;
  v[i] = square;
  param[i] = p - clock.lr * (mean / rest(dim.log_beta1 * t)) / (sqrt(square / rest(dim.log_beta2 * t)) + dim.eps);
}
