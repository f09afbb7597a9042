// dy of a row and its sums over the pixels, for conv2d_direct_weight.wgsl and conv2d_vec4_weight.wgsl, where lanes load it for their subgroup.
// #import tile

/// dy of pixel q of a row; 0 past its end.
fn load(row: u32, q: u32, k4: u32) -> vec4f {
  let inside = q < dim.Q;
  return select(vec4f(), dy[select(0, ((row * dim.Q + q) * dim.dy_pitch + dim.dy_offset) / 4 + k4, inside)], inside);
}

/// What the lanes have summed, filter by filter: all of a subgroup call it.
fn totals(total: vec4f) -> mat4x4f {
  var v = mat4x4f(subgroupBroadcast(total, 0u), subgroupBroadcast(total, 1u), subgroupBroadcast(total, 2u), subgroupBroadcast(total, 3u));
  if (LANES >= 8) { v += mat4x4f(subgroupBroadcast(total, UPPER), subgroupBroadcast(total, UPPER + 1), subgroupBroadcast(total, UPPER + 2), subgroupBroadcast(total, UPPER + 3)); }
  return v;
}

/// The bias gradient of a split.
fn finish_bias(sums: mat4x4f, split: u32, k4: u32) {
  let K4 = dim.K / 4;
  var v = sums;
  for (var k = k4; k < min(k4 + 4, K4); k++) {
    partial_bias[split * K4 + k] = v[0];
    v = up(v);
  }
}
