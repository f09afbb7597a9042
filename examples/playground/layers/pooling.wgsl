// A pooling of one's own: the length of each 2 × 2 window, between mean and maximum. x is [N, H, W, C], y [N, P, Q, C].
//   y  = sqrt(Σ x² + 1e-6)    over the window
//   dx = dy · x / y           0 where an odd edge belongs to no window
override WORKGROUP: u32 = 64;

struct Params { N: u32, H: u32, W: u32, C: u32, P: u32, Q: u32 }
@group(1) @binding(0) var<uniform> dim: Params;
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read> known: array<f32>;  // y, read
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(WORKGROUP, 1, 1)
fn pooling_forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= dim.N * dim.P * dim.Q * dim.C) { return; }
  let q = i / dim.C % dim.Q;
  let p = i / dim.C / dim.Q % dim.P;
  let n = i / dim.C / dim.Q / dim.P;
  var sum = 1e-6;
  for (var t = 0u; t < 4u; t++) {
    let v = x[((n * dim.H + 2u * p + t / 2u) * dim.W + 2u * q + t % 2u) * dim.C + i % dim.C];
    sum += v * v;
  }
  y[i] = sqrt(sum);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn pooling_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= dim.N * dim.H * dim.W * dim.C) { return; }
  let q = i / dim.C % dim.W / 2u;
  let p = i / dim.C / dim.W % dim.H / 2u;
  let n = i / dim.C / dim.W / dim.H;
  var slope = 0.0;
  if (p < dim.P && q < dim.Q) {
    let o = ((n * dim.P + p) * dim.Q + q) * dim.C + i % dim.C;
    slope = dy[o] * x[i] / known[o];
  }
  dx[i] = slope;
}
