// Batch normalisation, backward. x̂ = (x − mean) · invstd.
//
//   dbias[c]   = Σ m dy[m,c]              dweight[c] = Σ m dy[m,c] · x̂[m,c]
//   dx[m,c]    = weight[c] · invstd[c] · (dy[m,c] − (dbias[c] + x̂[m,c] · dweight[c]) / M)      where batch statistics were used
//   dx[m,c]    = weight[c] · invstd[c] · dy[m,c]                                               where running ones were
//
// partial: both sums of one channel over one split of the rows. sum: the splits added in order, one invocation per channel.
// input: one invocation per element. Twin: test/reference/batch_norm.ts.

override WORKGROUP: u32 = 64;
override TRAINING: bool = true;

struct Params { M: u32, C: u32, rows: u32, splits: u32 }
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<f32>;                // [M, C]
@group(0) @binding(1) var<storage, read> dy: array<f32>;               // [M, C]
@group(0) @binding(2) var<storage, read> known: array<vec2f>;          // [C], mean and invstd
@group(0) @binding(3) var<storage, read_write> partial: array<vec2f>;  // [splits, C], sums of dy and of dy · x̂
@group(0) @binding(4) var<storage, read> parts: array<vec2f>;          // the same, read
@group(0) @binding(5) var<storage, read> weight: array<f32>;           // [C]
@group(0) @binding(6) var<storage, read_write> dweight: array<f32>;    // [C]
@group(0) @binding(7) var<storage, read_write> dbias: array<f32>;      // [C]
@group(0) @binding(8) var<storage, read_write> sums: array<vec2f>;     // [C], dbias and dweight for the last pass
@group(0) @binding(9) var<storage, read> totals: array<vec2f>;         // the same, read
@group(0) @binding(10) var<storage, read_write> dx: array<f32>;        // [M, C]

@compute @workgroup_size(WORKGROUP, 1, 1)
fn batch_norm_backward_partial(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  if (i >= dim.splits * dim.C) { return; }
  let c = i % dim.C;
  let first = i / dim.C * dim.rows;
  let stat = known[c];
  var sum = vec2f();
  for (var m = first; m < min(first + dim.rows, dim.M); m++) {
    let d = dy[m * dim.C + c];
    sum += vec2f(d, d * (x[m * dim.C + c] - stat.x) * stat.y);
  }
  partial[i] = sum;
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn batch_norm_backward_sum(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let c = id.y * groups.x * WORKGROUP + id.x;
  if (c >= dim.C) { return; }
  var sum = vec2f();
  for (var z = 0u; z < dim.splits; z++) { sum += parts[z * dim.C + c]; }
  sums[c] = sum;
  dbias[c] = sum.x;
  dweight[c] = sum.y;
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn batch_norm_backward_input(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= dim.M * dim.C) { return; }
  let c = i % dim.C;
  let stat = known[c];
  var d = dy[i];
  if (TRAINING) { d -= (totals[c].x + (x[i] - stat.x) * stat.y * totals[c].y) / f32(dim.M); }
  dx[i] = weight[c] * stat.y * d;
}
