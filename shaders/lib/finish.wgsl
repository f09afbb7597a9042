// Writes a tile of y with what fuse.ts put behind it, for conv2d_direct.wgsl and conv2d_vec4.wgsl.
// #import activation
// #import bias
// #import drop
// #import tile

/// Writes the first `count` pixels of a tile, from pixel m on, and 16 filters from 4 · k4 on. It has one write, in a
/// loop, to which the next sum moves up: that compiles far faster than 16 writes.
fn finish(tile: Tile, m: u32, k4: u32, count: u32) {
  var sum = tile;
  for (var k = k4; k < min(k4 + 4, dim.K / 4); k++) {
    let last = affine(k, dim.K / 4);
    var four = sum.a;
    for (var i = m; i < m + count; i++) {
      var v = four[0] * last[0] + last[1];
      if (ADDEND) { v += addend[i * (dim.K / 4) + k]; }
      v = activate(v);
      if (DROP) { v *= factors(i * (dim.K / 4) + k); }
      y[(i * dim.y_pitch + dim.y_offset) / 4 + k] = v;
      four = up(four, sum.e[0]);
    }
    sum = Tile(sum.b, sum.c, sum.d, sum.d, up(sum.e, sum.e[3]));
  }
}
