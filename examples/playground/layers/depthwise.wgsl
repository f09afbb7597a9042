// Depthwise 3 × 3 convolution, padding 1: each channel has a window of its own. x is [N, H, W, C], weight [3, 3, C].
//   y[n,h,w,c]    = Σ r,s    weight[r,s,c] · x[n,h+r−1,w+s−1,c]
//   dx[n,h,w,c]   = Σ r,s    weight[r,s,c] · dy[n,h−r+1,w−s+1,c]
//   dweight[r,s,c] = Σ n,h,w x[n,h+r−1,w+s−1,c] · dy[n,h,w,c]
override WORKGROUP: u32 = 64;

struct Params { N: u32, H: u32, W: u32, C: u32 }
@group(1) @binding(0) var<uniform> dim: Params;
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;
@group(0) @binding(5) var<storage, read_write> dweight: array<f32>;

/// Whether a pixel lies on the image; unsigned, −1 is very large.
fn inside(h: i32, w: i32) -> bool { return u32(h) < dim.H && u32(w) < dim.W; }

@compute @workgroup_size(WORKGROUP, 1, 1)
fn depthwise_forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= dim.N * dim.H * dim.W * dim.C) { return; }
  let c = i % dim.C;
  let w = i32(i / dim.C % dim.W);
  let h = i32(i / dim.C / dim.W % dim.H);
  let n = i / dim.C / dim.W / dim.H;
  var sum = 0.0;
  for (var t = 0u; t < 9u; t++) {
    let row = h + i32(t / 3u) - 1;
    let column = w + i32(t % 3u) - 1;
    if (inside(row, column)) {
      sum += weight[t * dim.C + c] * x[((n * dim.H + u32(row)) * dim.W + u32(column)) * dim.C + c];
    }
  }
  y[i] = sum;
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn depthwise_input(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= dim.N * dim.H * dim.W * dim.C) { return; }
  let c = i % dim.C;
  let w = i32(i / dim.C % dim.W);
  let h = i32(i / dim.C / dim.W % dim.H);
  let n = i / dim.C / dim.W / dim.H;
  var sum = 0.0;
  for (var t = 0u; t < 9u; t++) {
    let row = h - i32(t / 3u) + 1;
    let column = w - i32(t % 3u) + 1;
    if (inside(row, column)) {
      sum += weight[t * dim.C + c] * dy[((n * dim.H + u32(row)) * dim.W + u32(column)) * dim.C + c];
    }
  }
  dx[i] = sum;
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn depthwise_weight(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= 9u * dim.C) { return; }
  let c = id.x % dim.C;
  let t = id.x / dim.C;
  var sum = 0.0;
  for (var m = 0u; m < dim.N * dim.H * dim.W; m++) {
    let row = i32(m / dim.W % dim.H) + i32(t / 3u) - 1;
    let column = i32(m % dim.W) + i32(t % 3u) - 1;
    if (inside(row, column)) {
      sum += dy[m * dim.C + c] * x[((m / dim.W / dim.H * dim.H + u32(row)) * dim.W + u32(column)) * dim.C + c];
    }
  }
  dweight[id.x] = sum;
}
