// Group norm. Channels lie in groups; each group of an image is normalised by its own m values. x is [M, H·W, C].
//   x̂ = (x − mean) · r      r = 1 / sqrt(variance + 1e-5)      y = gain[c] · x̂ + bias[c]
//   dx = r · (g − Σ g / m − x̂ · Σ (g · x̂) / m)      g = gain[c] · dy
override WORKGROUP: u32 = 64;

struct Params { N: u32, PIXELS: u32, C: u32, GROUPS: u32 }
@group(1) @binding(0) var<uniform> dim: Params;
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> gain: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<storage, read> moments: array<vec2f>;       // [N, GROUPS]: mean, r
@group(0) @binding(5) var<storage, read_write> made: array<vec2f>;    // the same, written; backward: Σ g, Σ g · x̂
@group(0) @binding(6) var<storage, read> sums: array<vec2f>;
@group(0) @binding(7) var<storage, read> dy: array<f32>;
@group(0) @binding(8) var<storage, read_write> dx: array<f32>;
@group(0) @binding(9) var<storage, read_write> dgain: array<f32>;
@group(0) @binding(10) var<storage, read_write> dbias: array<f32>;

/// Place of value k of a group: pixels outside, the group's channels inside.
fn place(group: u32, k: u32) -> u32 {
  let each = dim.C / dim.GROUPS;
  let n = group / dim.GROUPS;
  return (n * dim.PIXELS + k / each) * dim.C + (group % dim.GROUPS) * each + k % each;
}

/// Group that an element belongs to.
fn group_of(i: u32) -> u32 {
  return i / (dim.PIXELS * dim.C) * dim.GROUPS + i % dim.C / (dim.C / dim.GROUPS);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn group_norm_moments(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= dim.N * dim.GROUPS) { return; }
  let m = dim.PIXELS * (dim.C / dim.GROUPS);
  var sum = 0.0;
  for (var k = 0u; k < m; k++) { sum += x[place(id.x, k)]; }
  let mean = sum / f32(m);
  var squares = 0.0;
  for (var k = 0u; k < m; k++) { let d = x[place(id.x, k)] - mean; squares += d * d; }
  made[id.x] = vec2f(mean, inverseSqrt(squares / f32(m) + 1e-5));
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn group_norm_forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= dim.N * dim.PIXELS * dim.C) { return; }
  let s = moments[group_of(i)];
  y[i] = gain[i % dim.C] * (x[i] - s.x) * s.y + bias[i % dim.C];
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn group_norm_sums(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= dim.N * dim.GROUPS) { return; }
  let s = moments[id.x];
  var sum = vec2f();
  for (var k = 0u; k < dim.PIXELS * (dim.C / dim.GROUPS); k++) {
    let i = place(id.x, k);
    let g = gain[i % dim.C] * dy[i];
    sum += vec2f(g, g * (x[i] - s.x) * s.y);
  }
  made[id.x] = sum;
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn group_norm_input(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= dim.N * dim.PIXELS * dim.C) { return; }
  let s = moments[group_of(i)];
  let sum = sums[group_of(i)] / f32(dim.PIXELS * (dim.C / dim.GROUPS));
  dx[i] = s.y * (gain[i % dim.C] * dy[i] - sum.x - (x[i] - s.x) * s.y * sum.y);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn group_norm_params(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= dim.C) { return; }
  var a = 0.0;
  var b = 0.0;
  for (var m = 0u; m < dim.N * dim.PIXELS; m++) {
    let i = m * dim.C + c;
    let s = moments[group_of(i)];
    a += dy[i] * (x[i] - s.x) * s.y;
    b += dy[i];
  }
  dgain[c] = a;
  dbias[c] = b;
}
