// Adaptive average pooling: P × Q windows that cover the input, whatever its size, as in PyTorch.
//
//   window p is rows ⌊p·H/P⌋ … ⌈(p+1)·H/P⌉ − 1, window q likewise; windows may overlap
//   y[n,p,q,c]  = Σ h,w x[n,h,w,c] / count(p, q)
//   dx[n,h,w,c] = Σ p,q dy[n,p,q,c] / count(p, q)      over the windows that hold (h, w)
//
// One invocation per element written. Twin: test/reference/adaptive_avg_pool2d.ts.

override WORKGROUP: u32 = 64;

struct Params { N: u32, H: u32, W: u32, C: u32, P: u32, Q: u32 }
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<f32>;         // [N, H, W, C]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;   // [N, P, Q, C]
@group(0) @binding(2) var<storage, read> dy: array<f32>;        // [N, P, Q, C]
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;  // [N, H, W, C]

/// First element of window i of `count` over `extent`, and the first behind it. Asked with count and extent exchanged, it
/// gives the windows that hold element i.
fn window(i: u32, count: u32, extent: u32) -> vec2u {
  return vec2u(i * extent / count, ((i + 1) * extent + count - 1) / count);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn adaptive_avg_pool2d_forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  if (i >= dim.N * dim.P * dim.Q * dim.C) { return; }
  let c = i % dim.C;
  let rows = window(i / (dim.C * dim.Q) % dim.P, dim.P, dim.H);
  let columns = window(i / dim.C % dim.Q, dim.Q, dim.W);
  let n = i / (dim.C * dim.Q * dim.P);
  var sum = 0.0;
  for (var h = rows.x; h < rows.y; h++) {
    for (var w = columns.x; w < columns.y; w++) {
      sum += x[((n * dim.H + h) * dim.W + w) * dim.C + c];
    }
  }
  y[i] = sum / f32((rows.y - rows.x) * (columns.y - columns.x));
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn adaptive_avg_pool2d_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= dim.N * dim.H * dim.W * dim.C) { return; }
  let c = i % dim.C;
  let p = window(i / (dim.C * dim.W) % dim.H, dim.H, dim.P);
  let q = window(i / dim.C % dim.W, dim.W, dim.Q);
  let n = i / (dim.C * dim.W * dim.H);
  var sum = 0.0;
  for (var a = p.x; a < p.y; a++) {
    let rows = window(a, dim.P, dim.H);
    for (var b = q.x; b < q.y; b++) {
      let columns = window(b, dim.Q, dim.W);
      sum += dy[((n * dim.P + a) * dim.Q + b) * dim.C + c] / f32((rows.y - rows.x) * (columns.y - columns.x));
    }
  }
  dx[i] = sum;
}
