// Batch normalisation over rows m = (n, h, w) of each channel (Ioffe and Szegedy 2015), forward.
//
//   mean[c] = Σ m x[m,c] / M        M2[c] = Σ m (x[m,c] − mean[c])²        invstd[c] = 1 / √(M2[c] / M + eps)
//   y[m,c]  = f((x[m,c] − mean[c]) · invstd[c] · weight[c] + bias[c] + addend[m,c])
//   running_mean ← (1 − momentum) · running_mean + momentum · mean,   running_var likewise with M2 / (M − 1)
//
// f and addend are there where fuse.ts has put them (ACTIVATION, ADDEND). A workgroup takes 2^columns_log2 Values of
// channels; its lanes share the rows. A lane finds mean and M2 by Welford's updates; lanes and splits are joined in
// order (Chan, Golub and LeVeque 1979, equation 2.1): Σ x² − (Σ x)² would cancel. column: all in one dispatch. partial,
// apply: rows in splits, whose moments each invocation of apply joins. evaluate: by running statistics. running: writes
// these into stats, for backward. Rows of x are the first C of x_pitch channels. Twin: test/reference/batch_norm.ts.

override WORKGROUP: u32 = 64;
override ACTIVATION: u32 = 0;
override ADDEND: bool = false;
struct Params {
  M: u32, C: u32, rows: u32, splits: u32, span: u32,  // rows: of a split of partial; span: of a workgroup of apply
  columns_log2: u32,                                  // 2, or 1 where there are no more than 4 Values
  eps: f32, momentum: f32, x_pitch: u32, fused: u32,  // fused: 1 where ADDEND is meant for this step
}
@group(1) @binding(0) var<uniform> dim: Params;
// #import activation
// #import moments
// #import toward

@group(0) @binding(0) var<storage, read> x: array<Value>;                   // [M, C]
@group(0) @binding(1) var<storage, read_write> partial: array<Moments>;     // [splits, C]
@group(0) @binding(2) var<storage, read> parts: array<Moments>;             // the same, read
@group(0) @binding(3) var<storage, read_write> stats: array<Value>;         // [C, 3]: mean, invstd, weight · invstd
@group(0) @binding(4) var<storage, read_write> running_mean: array<Value>;  // [C]
@group(0) @binding(5) var<storage, read_write> running_var: array<Value>;   // [C]
@group(0) @binding(6) var<storage, read> weight: array<Value>;              // [C]
@group(0) @binding(7) var<storage, read> bias: array<Value>;                // [C]
@group(0) @binding(8) var<storage, read_write> y: array<Value>;             // [M, C]
@group(0) @binding(9) var<storage, read> addend: array<Value>;              // [M, C]
@group(0) @binding(10) var<storage, read> known_mean: array<Value>;         // running statistics, read
@group(0) @binding(11) var<storage, read> known_var: array<Value>;
var<workgroup> held: array<Moments, WORKGROUP>;

/// Moments of channels c over a lane's rows, from `first + lane` to before `end`.
fn measured(c: u32, first: u32, end: u32, lane: u32) -> Moments {
  var all = Moments(); var count = 0.0;
  for (var m = first + lane; m < end; m += WORKGROUP >> dim.columns_log2) {
    let value = x[m * (dim.x_pitch / WIDTH) + c];
    let d = value - all.mean;
    count += 1.0;
    all.mean += d * (1.0 / count);
    all.m2 += d * (value - all.mean);
  }
  return all;
}

/// What the lanes that had any of `rows` rows measured, joined.
fn gathered(here: u32, rows: u32) -> Moments {
  var all = Moments(); var before = 0.0;
  for (var i = column(0, here); i < min(rows << dim.columns_log2, WORKGROUP); i += 1u << dim.columns_log2) {
    all = joined(all, before, held[i], share(i >> dim.columns_log2, rows));
    before += share(i >> dim.columns_log2, rows);
  }
  return all;
}

/// How many of `rows` rows a lane takes.
fn share(lane: u32, rows: u32) -> f32 {
  return f32((rows + (WORKGROUP >> dim.columns_log2) - 1 - lane) / (WORKGROUP >> dim.columns_log2));
}

/// Writes three numbers of channels c into stats: one write in a loop, as in lib/finish.wgsl.
fn keep(c: u32, mean: Value, invstd: Value, scale: Value) {
  var value = mean; var next = invstd;
  for (var i = 3 * c; i < 3 * c + 3; i++) {
    stats[i] = value;
    value = next;
    next = scale;
  }
}

/// Moves the running statistics of channels c.
fn follow(c: u32, all: Moments) {
  running_mean[c] = toward(running_mean[c], all.mean, dim.momentum);
  running_var[c] = toward(running_var[c], all.m2 / f32(max(dim.M, 2u) - 1), dim.momentum);
}

/// Normalises channels c of a lane's rows, from `first + lane` to before `end` and M.
fn normalise(c: u32, first: u32, end: u32, lane: u32, mean: Value, scale: Value) {
  let shift = bias[c];
  for (var m = first + lane; m < min(end, dim.M); m += WORKGROUP >> dim.columns_log2) {
    let i = m * (dim.C / WIDTH) + c;
    var value = (x[m * (dim.x_pitch / WIDTH) + c] - mean) * scale + shift;
    if (ADDEND && (dim.fused & 1) > 0) { value += addend[i]; }
    if (ACTIVATION > 0) { value = activate(value); }
    y[i] = value;
  }
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn batch_norm_column(@builtin(local_invocation_index) here: u32, @builtin(workgroup_id) group: vec3u) {
  let c = column(group.x, here);
  let exists = c < dim.C / WIDTH;
  if (exists) { held[here] = measured(c, 0, dim.M, here >> dim.columns_log2); }
  workgroupBarrier();
  if (!exists) { return; }
  let all = gathered(here, dim.M);
  let invstd = inverseSqrt(all.m2 / f32(dim.M) + dim.eps);
  let scale = invstd * weight[c];
  if (here >> dim.columns_log2 == 0) {
    keep(c, all.mean, invstd, scale);
    follow(c, all);
  }
  normalise(c, 0, dim.M, here >> dim.columns_log2, all.mean, scale);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn batch_norm_partial(@builtin(local_invocation_index) here: u32, @builtin(workgroup_id) group: vec3u) {
  let c = column(group.x, here);
  let exists = c < dim.C / WIDTH;
  let first = group.y * dim.rows;
  let end = min(first + dim.rows, dim.M);
  if (exists) { held[here] = measured(c, first, end, here >> dim.columns_log2); }
  workgroupBarrier();
  if (exists && here >> dim.columns_log2 == 0) { partial[group.y * (dim.C / WIDTH) + c] = gathered(here, end - first); }
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn batch_norm_apply(@builtin(local_invocation_index) here: u32, @builtin(workgroup_id) group: vec3u) {
  let c = column(group.x, here);
  if (c >= dim.C / WIDTH) { return; }
  var all = Moments();
  for (var z = 0u; z < dim.splits; z++) {
    all = joined(all, f32(z * dim.rows), parts[z * (dim.C / WIDTH) + c], f32(min(dim.rows, dim.M - z * dim.rows)));
  }
  if (group.y == 0 && here >> dim.columns_log2 == 0) { follow(c, all); }
  let scale = inverseSqrt(all.m2 / f32(dim.M) + dim.eps) * weight[c];
  normalise(c, group.y * dim.span, (group.y + 1) * dim.span, here >> dim.columns_log2, all.mean, scale);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn batch_norm_evaluate(@builtin(local_invocation_index) here: u32, @builtin(workgroup_id) group: vec3u) {
  let c = column(group.x, here);
  if (c >= dim.C / WIDTH) { return; }
  let scale = inverseSqrt(known_var[c] + dim.eps) * weight[c];
  normalise(c, group.y * dim.span, (group.y + 1) * dim.span, here >> dim.columns_log2, known_mean[c], scale);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn batch_norm_running(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= dim.C / WIDTH) { return; }
  let invstd = inverseSqrt(known_var[id.x] + dim.eps);
  keep(id.x, known_mean[id.x], invstd, invstd * weight[id.x]);
}
