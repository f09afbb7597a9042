override WORKGROUP: u32 = 64;
struct Params { N: u32, H: u32, W: u32, C: u32 }
@group(1) @binding(0) var<uniform> dim: Params;
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<storage, read> dy: array<f32>;
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;
@group(0) @binding(6) var<storage, read_write> dweight: array<f32>;
@group(0) @binding(7) var<storage, read_write> dbias: array<f32>;
fn place(n: u32, h: u32, w: u32, c: u32) -> u32 { return ((n * dim.H + h) * dim.W + w) * dim.C + c; }
@compute @workgroup_size(WORKGROUP, 1, 1)
fn depthwise_forward(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= dim.N * dim.H * dim.W * dim.C) { return; }
  let c = i % dim.C; let w = i / dim.C % dim.W;
  let h = i / (dim.C * dim.W) % dim.H; let n = i / (dim.C * dim.W * dim.H);
  var sum = bias[c];
  for (var r = 0u; r < 3; r++) { for (var s = 0u; s < 3; s++) {
    if (h + r >= 1 && h + r <= dim.H && w + s >= 1 && w + s <= dim.W) {
      sum += x[place(n, h + r - 1, w + s - 1, c)] * weight[(r * 3 + s) * dim.C + c];
    }
  } }
  y[i] = sum;
}
@compute @workgroup_size(WORKGROUP, 1, 1)
fn depthwise_input(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= dim.N * dim.H * dim.W * dim.C) { return; }
  let c = i % dim.C; let w = i / dim.C % dim.W;
  let h = i / (dim.C * dim.W) % dim.H; let n = i / (dim.C * dim.W * dim.H);
  var sum = 0.0;
  for (var r = 0u; r < 3; r++) { for (var s = 0u; s < 3; s++) {
    if (h + 1 >= r && h + 1 - r < dim.H && w + 1 >= s && w + 1 - s < dim.W) {
      sum += dy[place(n, h + 1 - r, w + 1 - s, c)] * weight[(r * 3 + s) * dim.C + c];
    }
  } }
  dx[i] = sum;
}
@compute @workgroup_size(WORKGROUP, 1, 1)
fn depthwise_params(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= 9 * dim.C) { return; }
  let c = id.x % dim.C; let s = id.x / dim.C % 3; let r = id.x / (3 * dim.C);
  var sum = 0.0; var all = 0.0;
  for (var n = 0u; n < dim.N; n++) { for (var h = 0u; h < dim.H; h++) { for (var w = 0u; w < dim.W; w++) {
    let d = dy[place(n, h, w, c)];
    all += d;
    if (h + r >= 1 && h + r <= dim.H && w + s >= 1 && w + s <= dim.W) {
      sum += d * x[place(n, h + r - 1, w + s - 1, c)];
    }
  } } }
  dweight[id.x] = sum;
  if (r == 0 && s == 0) { dbias[c] = all; }
}
