// What is written of a tile of y, with what fuse.ts put behind it: for conv2d_direct.wgsl and conv2d_vec4.wgsl.
// #import activation
// #import bias
// #import drop
// #import tile

/// Writes the first `count` pixels of a tile, from pixel m on. The next to be written moves up: one write in a loop compiles far faster than 16.
fn finish(tile: Tile, m: u32, k4: u32, count: u32) {
  let end = min(k4 + 4, dim.K / 4);
  var sum = tile;
  for (var i = m; i < m + min(4u, count); i++) {
    var four = mat4x4f(sum.a[0], sum.b[0], sum.c[0], sum.d[0]);
    for (var k = k4; k < end; k++) {
      var v = biased(four[0], k, dim.K / 4);
      if (ADDEND) { v += addend[i * (dim.K / 4) + k]; }
      v = activate(v);
      if (DROP) { v *= factors(i * (dim.K / 4) + k); }
      y[(i * dim.y_pitch + dim.y_offset) / 4 + k] = v;
      four = up(four);
    }
    sum = Tile(up(sum.a), up(sum.b), up(sum.c), up(sum.d));
  }
}
