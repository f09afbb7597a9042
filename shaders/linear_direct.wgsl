// All gradients of a fully connected layer in one dispatch, by register tiles and subgroup broadcast.
//
//   dx[n,c]      = (Σ k  dy[n,k] · weight[c,k] + addend[n,c]) · f′(z[n,c])
//   dweight[c,k] =  Σ n  dy[n,k] · x[n,c]
//   dbias[k]     =  Σ n  dy[n,k] · 1
//
// addend and f′ are there where fuse.ts has put them (ADDEND, SLOPE). These are two products of dy: one with
// the weights, and one with x, which here has a column more, of ones. The first `inputs` workgroups compute
// dx, with rows n; the others dweight and dbias, with rows k. An invocation computes 16 rows × 4 columns c.
// dy is loaded once a subgroup and reaches its lanes by broadcast: six loads feed 64 multiply-adds. The
// direct rung, up to 2¹⁶ weights: any extents, subgroups of 4 or more. Twin: test/reference/linear.ts.
enable subgroups;
const COLUMNS = 4;

// #import lanes
// #import eight
// #import tile
override WORKGROUP: u32 = 8;
override BIAS: bool = true;
override ADDEND: bool = false;

struct Params {
  N: u32, C: u32, K: u32,
  inputs: u32,  // workgroups
  fused: u32,   // 1: ADDEND is meant for this step, 2: SLOPE
}
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<f32>;              // [N, C]
@group(0) @binding(1) var<storage, read> weight: array<f32>;         // [C, K]
@group(0) @binding(2) var<storage, read> dy: array<f32>;             // [N, K]
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;       // [N, C]
@group(0) @binding(4) var<storage, read_write> dweight: array<f32>;  // [C, K]
@group(0) @binding(5) var<storage, read_write> dbias: array<f32>;    // [K]
@group(0) @binding(6) var<storage, read> addend: array<f32>;         // [N, C]
@group(0) @binding(7) var<storage, read> z: array<f32>;              // [N, C]

// #import slope

@compute @workgroup_size(WORKGROUP, 1, 1)
fn linear_direct_backward(
  @builtin(local_invocation_index) here: u32, @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u, @builtin(subgroup_invocation_id) lane: u32,
) {
  let tile = group.y * groups.x + group.x;  // undoes fold()
  let input = tile < dim.inputs;  // whether this is dx
  let at = select(tile - dim.inputs, tile, input);
  // How many rows there are, columns, and terms of a sum.
  let size = select(vec3u(dim.K, dim.C + 1, dim.N), vec3u(dim.N, dim.C, dim.K), input);
  let across = (size.y + 4 * WORKGROUP - 1) / (4 * WORKGROUP);
  let down = at / across;
  let row = 16 * down;
  let c = (at - down * across) * 4 * WORKGROUP + here + vec4u(0, 1, 2, 3) * WORKGROUP;
  let own = min(c, vec4u(dim.C - 1));
  let step = select(vec2u(dim.K, 1), vec2u(1, dim.K), input);  // in dy, from term to term and from row to row
  // Rows whose dy this lane loads: two or, with 4 lanes, four.
  let mine = min(row + vec4u(lane % 8, 8 + lane % 8, 4 + lane % 4, 12 + lane % 4), vec4u(size.x - 1)) * step.y;

  var sum: Tile;  // columns are c
  for (var t = 0u; t < size.z; t++) {
    var v = vec4f(1.0);  // of term t: weights, or x with a 1 behind its last channel
    if (input) {
      let at = own * dim.K + t;
      v = vec4f(weight[at.x], weight[at.y], weight[at.z], weight[at.w]);
    }
    else {
      let j = t * dim.C;
      let seen = vec4f(x[j + own.x], x[j + own.y], x[j + own.z], x[j + own.w]);
      v = select(seen, v, c == vec4u(dim.C));
    }
    let j = t * step.x;
    let held = dy[j + mine.x];
    let more = dy[j + mine.y];
    var next = held;
    var last = more;
    if (LANES < 8) { next = dy[j + mine.z]; last = dy[j + mine.w]; }
    add(&sum, mat4x4f(lower(held), upper(next), lower(more), upper(last)), v);
  }
  for (var j = c.x; j < min(size.y, c.w + 1); j += WORKGROUP) {  // the four columns
    var four = mat4x4f(sum.a[0], sum.b[0], sum.c[0], sum.d[0]);
    for (var i = row; i < min(row + 16, size.x); i++) {  // 16 numbers move up, as in lib/finish.wgsl
      var v = four[0].x;
      if (input) {
        let to = i * dim.C + j;
        if (ADDEND && (dim.fused & 1) > 0) { v += addend[to]; }
        if (SLOPE > 0 && (dim.fused & 2) > 0) { v *= slope(z[to]); }
        dx[to] = v;
      } else if (j < dim.C) { dweight[j * dim.K + i] = v; }
      else if (BIAS) { dbias[i] = v; }
      four = mat4x4f(vec4f(four[0].yzw, four[1].x), vec4f(four[1].yzw, four[2].x),
        vec4f(four[2].yzw, four[3].x), four[3].yzww);
    }
    sum = rest(sum);
  }
}
