// Fully connected layer. Weights [C, K]: the transpose of PyTorch's.
//
//   y[n,k]       = f(bias[k] + Σ c  x[n,c] · weight[c,k])
//   dx[n,c]      = (Σ k dy[n,k] · weight[c,k] + addend[n,c]) · f′(z[n,c])
//   dweight[c,k] =  Σ n dy[n,k] · x[n,c]
//   dbias[k]     =  Σ n dy[n,k]
//
// f by ACTIVATION, addend where ADDEND, f′ by SLOPE, where fuse.ts put them here. An invocation writes eight neighbours in a row;
// what its whole workgroup needs, all read at one address. backward is all gradients: `inputs` workgroups write dx, those behind
// them dweight, and those of the first channels dbias; a grid may leave out either. Takes every shape, and is the first choice
// where the layer is so small that dispatches count. The plain rung. Twin: test/reference/linear.ts.

override WORKGROUP: u32 = 16;
override ACTIVATION: u32 = 0;
override ADDEND: bool = false;

struct Params { N: u32, C: u32, K: u32, inputs: u32 }
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<f32>;              // [N, C]
@group(0) @binding(1) var<storage, read> weight: array<f32>;         // [C, K]
@group(0) @binding(2) var<storage, read> bias: array<f32>;           // [K]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;        // [N, K]
@group(0) @binding(4) var<storage, read> dy: array<f32>;             // [N, K]
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;       // [N, C]
@group(0) @binding(6) var<storage, read_write> dweight: array<f32>;  // [C, K]
@group(0) @binding(7) var<storage, read_write> dbias: array<f32>;    // [K]
@group(0) @binding(8) var<storage, read> addend: array<f32>;         // [N, C]
@group(0) @binding(9) var<storage, read> z: array<f32>;              // [N, C]

// #import activation
// #import bias
// #import slope

/// Eight neighbours of a row. A loop writes the first of them and moves up: eight writes one behind the other would take twice as long to compile.
struct Eight { lower: vec4f, upper: vec4f }

fn next(v: Eight) -> Eight { return Eight(vec4f(v.lower.yzw, v.upper.x), v.upper.yzww); }

@compute @workgroup_size(WORKGROUP, 1, 1)
fn linear_forward(@builtin(local_invocation_index) here: u32, @builtin(workgroup_id) group: vec3u) {
  let n = group.x * WORKGROUP + here;
  let k = 8 * group.y;
  let row = min(n, dim.N - 1) * dim.C;
  let lower = min(k + vec4u(0, 1, 2, 3), vec4u(dim.K - 1));
  let upper = min(k + vec4u(4, 5, 6, 7), vec4u(dim.K - 1));
  var sum = Eight();
  for (var c = 0u; c < dim.C; c++) {
    let v = x[row + c];
    let w = c * dim.K;
    sum.lower += v * vec4f(weight[w + lower.x], weight[w + lower.y], weight[w + lower.z], weight[w + lower.w]);
    sum.upper += v * vec4f(weight[w + upper.x], weight[w + upper.y], weight[w + upper.z], weight[w + upper.w]);
  }
  if (n >= dim.N) { return; }
  for (var i = k; i < min(k + 8, dim.K); i++) {
    let last = affine(i, dim.K);
    y[n * dim.K + i] = activate(sum.lower.x * last[0] + last[1]);
    sum = next(sum);
  }
}

fn input(n: u32, c: u32) {
  let row = min(n, dim.N - 1) * dim.K;
  let lower = min(c + vec4u(0, 1, 2, 3), vec4u(dim.C - 1)) * dim.K;
  let upper = min(c + vec4u(4, 5, 6, 7), vec4u(dim.C - 1)) * dim.K;
  var sum = Eight();
  for (var k = 0u; k < dim.K; k++) {
    let d = dy[row + k];
    sum.lower += d * vec4f(weight[lower.x + k], weight[lower.y + k], weight[lower.z + k], weight[lower.w + k]);
    sum.upper += d * vec4f(weight[upper.x + k], weight[upper.y + k], weight[upper.z + k], weight[upper.w + k]);
  }
  if (n >= dim.N) { return; }
  for (var i = n * dim.C + c; i < n * dim.C + min(c + 8, dim.C); i++) {
    var v = sum.lower.x;
    if (ADDEND) { v += addend[i]; }
    if (SLOPE > 0) { v *= slope(z[i]); }
    dx[i] = v;
    sum = next(sum);
  }
}

fn parameters(c: u32, k: u32) {
  let row = min(c, dim.C - 1);
  let lower = min(k + vec4u(0, 1, 2, 3), vec4u(dim.K - 1));
  let upper = min(k + vec4u(4, 5, 6, 7), vec4u(dim.K - 1));
  var sum = Eight();
  var all = Eight();
  for (var n = 0u; n < dim.N; n++) {
    let v = x[n * dim.C + row];
    let d = n * dim.K;
    let d_0 = vec4f(dy[d + lower.x], dy[d + lower.y], dy[d + lower.z], dy[d + lower.w]);
    let d_1 = vec4f(dy[d + upper.x], dy[d + upper.y], dy[d + upper.z], dy[d + upper.w]);
    sum.lower += v * d_0;
    sum.upper += v * d_1;
    all.lower += d_0;
    all.upper += d_1;
  }
  if (c >= dim.C) { return; }
  for (var i = k; i < min(k + 8, dim.K); i++) {
    dweight[c * dim.K + i] = sum.lower.x;
    if (BIAS && c == 0) { dbias[i] = all.lower.x; }
    sum = next(sum);
    all = next(all);
  }
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn linear_backward(@builtin(local_invocation_index) here: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let tile = group.y * groups.x + group.x;  // undoes fold()
  if (tile < dim.inputs) {
    let rows = (dim.N + WORKGROUP - 1) / WORKGROUP;
    input(tile % rows * WORKGROUP + here, tile / rows * 8);
  } else {
    let rows = (dim.C + WORKGROUP - 1) / WORKGROUP;
    parameters((tile - dim.inputs) % rows * WORKGROUP + here, (tile - dim.inputs) / rows * 8);
  }
}
