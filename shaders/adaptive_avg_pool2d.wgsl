// Adaptive average pooling: P × Q windows that cover the input, whatever its size, as in PyTorch.
//
//   window p has rows ⌊p·H/P⌋ … ⌈(p+1)·H/P⌉ − 1, window q has columns likewise; windows may overlap
//   y[n,p,q,c]  = Σ h,w x[n,h,w,c] / count(p, q)
//   dx[n,h,w,c] = (Σ p,q dy[n,p,q,c] / count(p, q) + addend[n,h,w,c]) · f′(z[n,h,w,c])
//                  over the windows that hold (h, w)
//
// addend and f′ are there where fuse.ts has put them (ADDEND, SLOPE). One invocation per WIDTH channels
// of a pixel of y, or of a row of x. Takes every shape. Twin: test/reference/adaptive_avg_pool2d.ts.

override WORKGROUP: u32 = 64;
override ADDEND: bool = false;
override GLOBAL: bool = false;  // P = Q = 1: the mean

struct Params { N: u32, H: u32, W: u32, C: u32, P: u32, Q: u32 }
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<Value>;         // [N, H, W, C]
@group(0) @binding(1) var<storage, read_write> y: array<Value>;   // [N, P, Q, C]
@group(0) @binding(2) var<storage, read> dy: array<Value>;        // [N, P, Q, C]
@group(0) @binding(3) var<storage, read_write> dx: array<Value>;  // [N, H, W, C]
@group(0) @binding(4) var<storage, read> addend: array<Value>;    // [N, H, W, C]
@group(0) @binding(5) var<storage, read> z: array<Value>;         // [N, H, W, C]

// #import slope

/// First element of window i of `count` over `extent`, and the first behind it.
/// With count and extent exchanged: the first window that holds element i, and the first behind the last.
fn window(i: u32, count: u32, extent: u32) -> vec2u {
  return vec2u(i * extent / count, ((i + 1) * extent + count - 1) / count);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn adaptive_avg_pool2d_forward(
  @builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
) {
  let C = dim.C / WIDTH;
  let at = group.z * groups.y + group.y;  // n, p, q: all of a workgroup have the same window
  if (at >= dim.N * dim.P * dim.Q || id.x >= C) { return; }
  let n = at / dim.Q / dim.P;
  let rows = window(at / dim.Q % dim.P, dim.P, dim.H);
  let columns = window(at % dim.Q, dim.Q, dim.W);
  var sum = Value();
  for (var h = rows.x; h < rows.y; h++) {
    for (var w = columns.x; w < columns.y; w++) {
      sum += x[((n * dim.H + h) * dim.W + w) * C + id.x];
    }
  }
  y[at * C + id.x] = sum / f32((rows.y - rows.x) * (columns.y - columns.x));
}

/// The sum over the windows that hold pixel (h, w).
fn overlapped(n: u32, h: u32, w: u32, c: u32) -> Value {
  let down = window(h, dim.H, dim.P);
  let across = window(w, dim.W, dim.Q);
  var sum = Value();
  for (var p = down.x; p < down.y; p++) {
    let rows = window(p, dim.P, dim.H);
    for (var q = across.x; q < across.y; q++) {
      let columns = window(q, dim.Q, dim.W);
      sum += dy[((n * dim.P + p) * dim.Q + q) * (dim.C / WIDTH) + c] / f32((rows.y - rows.x) * (columns.y - columns.x));
    }
  }
  return sum;
}

/// An invocation writes the pixels of a row, since most of them read the same dy.
@compute @workgroup_size(WORKGROUP, 1, 1)
fn adaptive_avg_pool2d_backward(
  @builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
) {
  let row = group.z * groups.y + group.y;
  let C = dim.C / WIDTH;
  if (row >= dim.N * dim.H || id.x >= C) { return; }
  let n = row / dim.H;
  var mean = Value();
  if (GLOBAL) { mean = dy[n * C + id.x] / f32(dim.H * dim.W); }
  for (var w = 0u; w < dim.W; w++) {
    let i = (row * dim.W + w) * C + id.x;
    var sum = mean;
    if (!GLOBAL) { sum = overlapped(n, row % dim.H, w, id.x); }
    if (ADDEND) { sum += addend[i]; }
    if (SLOPE > 0) { sum *= slope(z[i]); }
    dx[i] = sum;
  }
}
