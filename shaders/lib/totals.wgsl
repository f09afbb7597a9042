// dy of a row, which the lanes load for their subgroup, its sums over the pixels, and what is written: for the weight
// gradients conv2d_direct, _vec4 and _vec2.
// #import tile

/// dy of pixel q of a row; 0 past its end.
fn load(row: u32, q: u32, k4: u32) -> vec4f {
  let inside = q < dim.Q;
  return select(vec4f(), dy[select(0, ((row * dim.Q + q) * dim.dy_pitch + dim.dy_offset) / 4 + k4, inside)], inside);
}

/// dy of the pixels q and q + 1, filters from 4 · k4 on: lanes 0 to 3 hold the first pixel's in column 0, lanes 4 to 7
/// (with 4 lanes: 0 to 3) the second's in column 1. Adds what a lane loads to its total.
fn pair(row: u32, q: u32, k4: u32, lane: u32, total: ptr<function, vec4f>) -> mat2x4f {
  let mine = min(k4 + lane % 4, dim.K / 4 - 1);
  let ahead = lane / 4 % (min(LANES, 8u) / 4);  // of two pixels, the one whose dy this lane loads
  let near = load(row, q + ahead, mine);
  var far = near;
  *total += near;
  if (LANES < 8) {
    far = load(row, q + 1, mine);
    *total += far;
  }
  return mat2x4f(near, far);
}

/// The totals of all lanes, filter by filter. All lanes of a subgroup call it.
fn totals(total: vec4f) -> mat4x4f {
  var v = lower_quads(total);
  if (LANES >= 8) { v += upper_quads(total); }
  return v;
}

/// Writes the first row of a tile as row i of the weight gradients.
fn put(sum: Tile, i: u32, k4: u32) {
  let K4 = dim.K / 4;
  var four = mat4x4f(sum.a[0], sum.b[0], sum.c[0], sum.d[0]);
  for (var k = k4; k < min(k4 + 4, K4); k++) {  // one write in a loop, as in lib/finish.wgsl
    partial[i * K4 + k] = four[0];
    four = up(four, four[3]);
  }
}

/// The bias gradient of a split.
fn finish_bias(sums: mat4x4f, split: u32, k4: u32) {
  let K4 = dim.K / 4;
  var four = sums;
  for (var k = k4; k < min(k4 + 4, K4); k++) {
    partial_bias[split * K4 + k] = four[0];
    four = up(four, four[3]);
  }
}
