// Register tiles of the direct rungs: sums that an invocation keeps, fed by values that its subgroup shares. The caller declares
// LANES, and UPPER = 4 % LANES: where the second four of eight shared values begin, in the upper lanes or in a load of their own.
/// 4 × 16 sums: 16 filters in four vec4, one in each matrix; a column for each of four pixels (or rows of a weight gradient).
struct Tile { a: mat4x4f, b: mat4x4f, c: mat4x4f, d: mat4x4f }

/// Column j gets u · v[j], but the last 0 where COLUMNS is 3.
fn outer(u: vec4f, v: vec4f) -> mat4x4f {
  if (COLUMNS == 3) { return mat4x4f(v.x * u, v.y * u, v.z * u, vec4f()); }
  return mat4x4f(v.x * u, v.y * u, v.z * u, v.w * u);
}

/// Adds the 16 values that lanes 0 to 3 hold, times v.
fn add_lower(sum: ptr<function, Tile>, held: vec4f, v: vec4f) {
  (*sum).a += outer(subgroupBroadcast(held, 0u), v);
  (*sum).b += outer(subgroupBroadcast(held, 1u), v);
  (*sum).c += outer(subgroupBroadcast(held, 2u), v);
  (*sum).d += outer(subgroupBroadcast(held, 3u), v);
}

/// Adds the 16 values that lanes 4 to 7 hold or, in subgroups of 4, lanes 0 to 3, times v.
fn add_upper(sum: ptr<function, Tile>, held: vec4f, v: vec4f) {
  (*sum).a += outer(subgroupBroadcast(held, UPPER), v);
  (*sum).b += outer(subgroupBroadcast(held, UPPER + 1), v);
  (*sum).c += outer(subgroupBroadcast(held, UPPER + 2), v);
  (*sum).d += outer(subgroupBroadcast(held, UPPER + 3), v);
}

/// Columns move up by one.
fn up(m: mat4x4f) -> mat4x4f { return mat4x4f(m[1], m[2], m[3], m[3]); }
