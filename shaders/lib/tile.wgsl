// Register tiles of the rungs by subgroups: sums that an invocation keeps, fed by values that its subgroup shares. The
// caller imports lanes and declares COLUMNS.
// #import outer

/// 4 × 16 sums: a column for each of four pixels (or rows of a weight gradient), of filters 0 to 3 in a, 4 to 7 in b, 8
/// to 11 in c, 12 to 15 in d. Of a fifth pixel, where a kernel has one, e holds these four columns.
struct Tile { a: mat4x4f, b: mat4x4f, c: mat4x4f, d: mat4x4f, e: mat4x4f }

/// Adds 16 values, four to a column, times those of four pixels.
fn add(sum: ptr<function, Tile>, u: mat4x4f, v: vec4f) {
  (*sum).a += outer(u[0], v);
  (*sum).b += outer(u[1], v);
  (*sum).c += outer(u[2], v);
  (*sum).d += outer(u[3], v);
}

/// The 16 values that lanes 0 to 3 hold, a column each.
fn lower_quads(held: vec4f) -> mat4x4f {
  return mat4x4f(subgroupBroadcast(held, 0u), subgroupBroadcast(held, 1u),
    subgroupBroadcast(held, 2u), subgroupBroadcast(held, 3u));
}

/// Those that lanes 4 to 7 hold or, in subgroups of 4, lanes 0 to 3.
fn upper_quads(held: vec4f) -> mat4x4f {
  return mat4x4f(subgroupBroadcast(held, UPPER), subgroupBroadcast(held, UPPER + 1),
    subgroupBroadcast(held, UPPER + 2), subgroupBroadcast(held, UPPER + 3));
}

/// A tile without its first pixel.
fn rest(sum: Tile) -> Tile {
  return Tile(up(sum.a, sum.e[0]), up(sum.b, sum.e[1]), up(sum.c, sum.e[2]), up(sum.d, sum.e[3]), sum.e);
}
