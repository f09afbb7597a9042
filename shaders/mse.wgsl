// Mean squared error against one-hot targets. The loss is the mean of loss[n] over the `images` of a step; N of them
// are here: all or, of a step in several passes, some.
//
//   loss[n]    = Σ k (x[n,k] − t[n,k])² / K        t[n,k] = [k = target n]
//   hit[n]     = 1 where the first of the largest x[n,k] is the target's
//   probs[n,k] = x[n,k]
//   dx[n,k]    = 2 (x[n,k] − t[n,k]) / (images · K)
//
// forward: one invocation per row. record: at most 256 rows, by one workgroup, which then writes the step's row of the
// ring. Twin: test/reference/mse.ts; of the ring, metrics.ts.

override WORKGROUP: u32 = 64;

// #import clock
// #import ring

struct Params { N: u32, K: u32, images: u32 }
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<f32>;            // [N, K]
@group(0) @binding(1) var<storage, read> labels: array<u32>;       // [N]
@group(0) @binding(2) var<storage, read_write> probs: array<f32>;  // [N, K]
@group(0) @binding(3) var<storage, read_write> rows: array<vec2f>; // [N], loss and hit
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;     // [N, K]
@group(0) @binding(5) var<storage, read> clock: Clock;
@group(0) @binding(6) var<storage, read_write> ring: array<vec4f>; // [rows of the ring]

var<workgroup> results: array<vec2f, 256>;

/// Probabilities and gradient of image n, its loss and hit.
fn image(n: u32) -> vec2f {
  let row = n * dim.K;
  let label = labels[n];

  var largest = x[row];
  var first = 0u;
  var total = 0.0;
  for (var k = 0u; k < dim.K; k++) {
    let value = x[row + k];
    if (value > largest) {
      largest = value;
      first = k;
    }
    let off = value - select(0.0, 1.0, k == label);
    total += off * off;
    probs[row + k] = value;
    dx[row + k] = 2.0 * off / f32(dim.images * dim.K);
  }
  return vec2f(total / f32(dim.K), select(0.0, 1.0, first == label));
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn mse_forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let n = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  if (n >= dim.N) { return; }
  rows[n] = image(n);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn mse_record(@builtin(local_invocation_index) here: u32) {
  for (var n = here; n < min(dim.N, 256); n += WORKGROUP) { results[n] = image(n); }
  workgroupBarrier();
  if (here == 0) {
    var sum = vec4f();
    for (var n = 0u; n < min(dim.N, 256); n++) { sum = counted(sum, results[n]); }
    if (FURTHER) { sum += ring[clock.row]; }
    ring[clock.row] = sum;
  }
}
