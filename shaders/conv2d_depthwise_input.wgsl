// Input gradient of a depthwise convolution with windows of 3×3 that move by 2 along both axes.
//
//   dx[n,h,w,c] = (Σ r,s  dy[n,p,q,c] · weight[r,s,c] + addend[n,h,w,c]) · f′(z[n,h,w,c])
//   over the p, q, r, s with  2p + r = h + padding_h,  2q + s = w + padding_w
//
// h + padding_h = 2i + 1 is seen by dy's row i alone, through r = 1; 2i + 2 by row i through r = 2 and by row i + 1
// through r = 0; columns likewise. An invocation takes a channel of two rows of dx, from 2i + 1 on, and goes along
// them, up to `span` times two columns: each two columns, 4 results, take one more column of dy, 2 loads. Neighbours
// take neighbouring channels. Twin: test/reference/conv2d.ts.

// #import opaque_zero
override WORKGROUP: u32 = 64;
override ADDEND: bool = false;

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // input
  P: u32, Q: u32,                  // output
  padding_h: i32, padding_w: i32,
  down: u32, across: u32,          // pairs of rows that dx has, and of columns: the first and last may be half outside
  span: u32,
}
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> weight: array<f32>;    // [3, 3, 1, C]
@group(0) @binding(1) var<storage, read> dy: array<f32>;        // [N, P, Q, C]
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;  // [N, H, W, C]
@group(0) @binding(3) var<storage, read> addend: array<f32>;    // [N, H, W, C]
@group(0) @binding(4) var<storage, read> z: array<f32>;         // [N, H, W, C]

// #import place
// #import slope

/// dy in rows p and p + 1 and column q of image n; 0 where there is none.
fn column(n: u32, p: i32, q: i32, c: u32) -> vec2f {
  let rows = vec2i(p, p + 1);
  let inside = (vec2u(rows) < vec2u(dim.P)) & vec2<bool>(u32(q) < dim.Q);
  let places = select(vec2u(), ((n * dim.P + vec2u(rows)) * dim.Q + u32(q)) * dim.C + c, inside);
  let v = vec2f(dy[places.x], dy[places.y]);
  return select(vec2f(), v, inside);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn conv2d_depthwise_input_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let runs = (dim.across + dim.span - 1) / dim.span;
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= dim.N * dim.down * runs * dim.C) { return; }
  let at = place(i, dim.down, runs, dim.C);
  let c = at.w;
  // Rows and columns of dy that the first two of dx see; those of dx themselves.
  let p = i32(at.y) + (dim.padding_h + 1) / 2 - 1;
  var q = i32(at.z * dim.span) + (dim.padding_w + 1) / 2 - 1;
  let h = 2 * p + 1 - dim.padding_h;
  let end = q + i32(min(dim.span, dim.across - at.z * dim.span));

  var taps: mat3x3f;  // columns are rows of the window
  for (var r = opaque_zero(c, 3); r < 3; r++) {
    let tap = 3 * r * dim.C + c;
    taps = mat3x3f(taps[1], taps[2], vec3f(weight[tap], weight[tap + dim.C], weight[tap + 2 * dim.C]));
  }
  var d = column(at.x, p, q, c);
  for (; q < end; q++) {
    let next = column(at.x, p, q + 1, c);
    var four = vec4f(
      d.x * taps[1].y, d.x * taps[1].z + next.x * taps[1].x,
      d.x * taps[2].y + d.y * taps[0].y, d.x * taps[2].z + next.x * taps[2].x + d.y * taps[0].z + next.y * taps[0].x,
    );
    for (var j = opaque_zero(c, 4); j < 4; j++) {
      let to = vec2i(h + i32(j / 2), 2 * q + 1 - dim.padding_w + i32(j % 2));
      if (all(vec2u(to) < vec2u(dim.H, dim.W))) {
        let e = ((at.x * dim.H + u32(to.x)) * dim.W + u32(to.y)) * dim.C + c;
        var v = four.x;
        if (ADDEND) { v += addend[e]; }
        if (SLOPE > 0) { v *= slope(z[e]); }
        dx[e] = v;
      }
      four = four.yzww;
    }
    d = next;
  }
}
