// Batch normalisation over rows m = (n, h, w) of each channel (Ioffe and Szegedy 2015), forward.
//
//   mean[c] = Σ m x[m,c] / M        M2[c] = Σ m (x[m,c] − mean[c])²        invstd[c] = 1 / √(M2[c] / M + eps)
//   y[m,c]  = (x[m,c] − mean[c]) · invstd[c] · weight[c] + bias[c]
//   running_mean ← (1 − momentum) · running_mean + momentum · mean,   running_var likewise with M2 / (M − 1)
//
// partial: mean and M2 of one channel over one split of the rows, in two readings of it: Σ x² − (Σ x)² would cancel.
// finalise: the splits put together in order (Chan, Golub and LeVeque 1979, equation 2.1), one invocation per channel.
// running: evaluation mode's mean and invstd. apply: one invocation per element. Twin: test/reference/batch_norm.ts.

override WORKGROUP: u32 = 64;

struct Params { M: u32, C: u32, rows: u32, splits: u32, eps: f32, momentum: f32 }
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<f32>;                   // [M, C]
@group(0) @binding(1) var<storage, read_write> partial: array<vec2f>;     // [splits, C], mean and M2
@group(0) @binding(2) var<storage, read> parts: array<vec2f>;             // the same, read
@group(0) @binding(3) var<storage, read_write> stats: array<vec2f>;       // [C], mean and invstd
@group(0) @binding(4) var<storage, read> known: array<vec2f>;             // the same, read
@group(0) @binding(5) var<storage, read_write> running_mean: array<f32>;  // [C]
@group(0) @binding(6) var<storage, read_write> running_var: array<f32>;   // [C]
@group(0) @binding(7) var<storage, read> weight: array<f32>;              // [C]
@group(0) @binding(8) var<storage, read> bias: array<f32>;                // [C]
@group(0) @binding(9) var<storage, read_write> y: array<f32>;             // [M, C]

@compute @workgroup_size(WORKGROUP, 1, 1)
fn batch_norm_partial(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  if (i >= dim.splits * dim.C) { return; }
  let c = i % dim.C;
  let first = i / dim.C * dim.rows;
  let end = min(first + dim.rows, dim.M);
  var sum = 0.0;
  for (var m = first; m < end; m++) { sum += x[m * dim.C + c]; }
  let mean = sum / f32(end - first);
  var m2 = 0.0;
  for (var m = first; m < end; m++) {
    let d = x[m * dim.C + c] - mean;
    m2 += d * d;
  }
  partial[i] = vec2f(mean, m2);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn batch_norm_finalise(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let c = id.y * groups.x * WORKGROUP + id.x;
  if (c >= dim.C) { return; }
  var all = parts[c];
  for (var z = 1u; z < dim.splits; z++) {
    let part = parts[z * dim.C + c];
    let before = f32(z * dim.rows);
    let here = f32(min((z + 1) * dim.rows, dim.M) - z * dim.rows);
    let d = part.x - all.x;
    all = vec2f(all.x + d * here / (before + here), all.y + part.y + d * d * before * here / (before + here));
  }
  stats[c] = vec2f(all.x, inverseSqrt(all.y / f32(dim.M) + dim.eps));
  running_mean[c] += dim.momentum * (all.x - running_mean[c]);
  running_var[c] += dim.momentum * (all.y / f32(max(dim.M, 2u) - 1) - running_var[c]);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn batch_norm_running(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let c = id.y * groups.x * WORKGROUP + id.x;
  if (c >= dim.C) { return; }
  stats[c] = vec2f(running_mean[c], inverseSqrt(running_var[c] + dim.eps));
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn batch_norm_apply(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= dim.M * dim.C) { return; }
  let c = i % dim.C;
  y[i] = (x[i] - known[c].x) * known[c].y * weight[c] + bias[c];
}
