// Local response normalisation across channels, as torch.nn.LocalResponseNorm (Krizhevsky et al. 2012, section 3.3).
//
//   scale[m,c] = k + alpha / size · Σ j  x[m,j]²                                        c − before ≤ j ≤ c + after
//   y[m,c]     = x[m,c] · scale[m,c]^−beta
//   dx[m,c]    = dy[m,c] · scale[m,c]^−beta
//              − 2 · beta · alpha / size · x[m,c] · Σ j  dy[m,j] · x[m,j] · scale[m,j]^(−beta − 1)
//              over  c − after ≤ j ≤ c + before
//   where  before = ⌊size / 2⌋,  after = ⌊(size − 1) / 2⌋,  and channels that are not there count as 0
//
// One invocation per element; forward keeps `scale` for backward. Twin: test/reference/local_response_norm.ts.

override WORKGROUP: u32 = 64;

struct Params { M: u32, C: u32, before: u32, after: u32, share: f32, beta: f32, k: f32 }  // share = alpha / size
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<f32>;            // [M, C]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;      // [M, C]
@group(0) @binding(2) var<storage, read_write> scale: array<f32>;  // [M, C]
@group(0) @binding(3) var<storage, read> known: array<f32>;        // the same, read by the backward pass
@group(0) @binding(4) var<storage, read> dy: array<f32>;           // [M, C]
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;     // [M, C]

/// v to the e, for v above 0. A NaN stays one, of which an adapter's pow() may make a number.
fn power(v: f32, e: f32) -> f32 { return select(v, pow(v, e), v > 0.0); }

@compute @workgroup_size(WORKGROUP, 1, 1)
fn local_response_norm_forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  if (i >= dim.M * dim.C) { return; }
  let c = i % dim.C;
  let row = i - c;
  let last = min(c + dim.after, dim.C - 1u);
  var sum = 0.0;
  for (var j = c - min(c, dim.before); j <= last; j++) { sum += x[row + j] * x[row + j]; }
  let v = dim.k + dim.share * sum;
  scale[i] = v;
  y[i] = x[i] * power(v, -dim.beta);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn local_response_norm_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= dim.M * dim.C) { return; }
  let c = i % dim.C;
  let row = i - c;
  let last = min(c + dim.before, dim.C - 1u);
  var sum = 0.0;
  for (var j = c - min(c, dim.after); j <= last; j++) {
    sum += dy[row + j] * x[row + j] * power(known[row + j], -dim.beta - 1.0);
  }
  dx[i] = dy[i] * power(known[i], -dim.beta) - 2.0 * dim.beta * dim.share * x[i] * sum;
}
