// dy of a row and its sums over the pixels, for the weight gradients conv2d_direct,
// _vec4 and _vec2, where lanes load it for their subgroup.
// #import tile

/// dy of pixel q of a row; 0 past its end.
fn load(row: u32, q: u32, k4: u32) -> vec4f {
  let inside = q < dim.Q;
  return select(vec4f(), dy[select(0, ((row * dim.Q + q) * dim.dy_pitch + dim.dy_offset) / 4 + k4, inside)], inside);
}

/// dy of two pixels from q on, by the lanes: filters from k4 on in lanes 0 to 3 of the first, 4 to 7 of the second
/// (with 4 lanes, 0 to 3). Adds what it loads to the lane's total.
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

/// What the lanes have summed, filter by filter: all of a subgroup call it.
fn totals(total: vec4f) -> mat4x4f {
  var v = lower_quads(total);
  if (LANES >= 8) { v += upper_quads(total); }
  return v;
}

/// Writes the first row of a tile as row i of the weight gradients.
fn put(sum: Tile, i: u32, k4: u32) {
  let K4 = dim.K / 4;
  var four = mat4x4f(sum.a[0], sum.b[0], sum.c[0], sum.d[0]);
  for (var k = k4; k < min(k4 + 4, K4); k++) {  // what is written next moves up, as in lib/finish.wgsl
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
