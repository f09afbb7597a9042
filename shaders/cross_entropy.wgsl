// Softmax and cross-entropy in one pass: probabilities, loss, hits and gradient. The loss is the mean over the `images`
// of a step; N of them are here: all or, of a step in several passes, some.
//
//   z[n,k]     = x[n,k] − max j x[n,j]                        so that no exponential overflows
//   probs[n,k] = exp z[n,k] / Σ j exp z[n,j]
//   loss[n]    = log Σ j exp z[n,j] − Σ k t[n,k] · z[n,k]     never the log of a probability
//   hit[n]     = 1 where the first of the largest x[n,k] is the target's
//   dx[n,k]    = (probs[n,k] − t[n,k]) / images
//   where  t[n,k] = (1 − smoothing)·[k = target n] + smoothing / K     (Szegedy et al. 2016, section 7)
//
// forward: one invocation per row. record: at most 256 rows, by one workgroup, which then writes the step's row of the
// ring. Twin: test/reference/cross_entropy.ts; of the ring, metrics.ts.

override WORKGROUP: u32 = 64;

// #import clock
// #import ring

struct Params { N: u32, K: u32, images: u32, smoothing: f32 }
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
  for (var k = 1u; k < dim.K; k++) {
    let value = x[row + k];
    if (value > largest) {
      largest = value;
      first = k;
    }
  }
  var total = 0.0;  // Σ exp z
  var mean = 0.0;  // Σ z / K
  var aim = 0.0;   // z of the target
  for (var k = 0u; k < dim.K; k++) {
    let z = x[row + k] - largest;
    let v = exp(z);
    probs[row + k] = v;
    total += v;
    mean += z / f32(dim.K);
    if (k == label) { aim = z; }
  }
  for (var k = 0u; k < dim.K; k++) {
    let share = probs[row + k] / total;
    let hot = select(0.0, 1.0 - dim.smoothing, k == label);
    probs[row + k] = share;
    dx[row + k] = (share - hot - dim.smoothing / f32(dim.K)) / f32(dim.images);
  }
  // Σ t · z is (1 − smoothing) · aim + smoothing · mean; a mean of −∞ must not count where smoothing is 0.
  let spread = select(0.0, dim.smoothing * mean, dim.smoothing > 0.0);
  return vec2f(log(total) - (1.0 - dim.smoothing) * aim - spread, select(0.0, 1.0, first == label));
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn cross_entropy_forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let n = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  if (n >= dim.N) { return; }
  rows[n] = image(n);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn cross_entropy_record(@builtin(local_invocation_index) here: u32) {
  for (var n = here; n < min(dim.N, 256); n += WORKGROUP) { results[n] = image(n); }
  workgroupBarrier();
  if (here == 0) {
    var sum = vec4f();
    for (var n = 0u; n < min(dim.N, 256); n++) { sum = counted(sum, results[n]); }
    if (FURTHER) { sum += ring[clock.row]; }
    ring[clock.row] = sum;
  }
}
