// Eight vec4 of sums, of the tiled rungs. They are written one by one and the others move up: registers have no index.
// The caller declares what it keeps in workgroup memory as `tile`.
alias Stack = array<vec4f, 8>;

/// Those behind the first.
fn rest(sums: Stack) -> Stack { return Stack(sums[1], sums[2], sums[3], sums[4], sums[5], sums[6], sums[7], vec4f()); }

/// Eight vec4 of the tile, so far apart.
fn eight(at: u32, apart: u32) -> Stack {
  return Stack(
    tile[at], tile[at + apart], tile[at + 2 * apart], tile[at + 3 * apart],
    tile[at + 4 * apart], tile[at + 5 * apart], tile[at + 6 * apart], tile[at + 7 * apart]);
}

/// sums[i] + matrix · v[i].
fn plus(sums: Stack, matrix: mat4x4f, v: Stack) -> Stack {
  return Stack(
    sums[0] + matrix * v[0], sums[1] + matrix * v[1], sums[2] + matrix * v[2], sums[3] + matrix * v[3],
    sums[4] + matrix * v[4], sums[5] + matrix * v[5], sums[6] + matrix * v[6], sums[7] + matrix * v[7]);
}
