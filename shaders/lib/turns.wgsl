// Two loops as one: software adapters copy every sum that a loop carries, masked, each turn, once for each loop around
// it and each `if`.
/// The place behind `at` in rows (x) of so many columns (y).
fn onward(at: vec2u, columns: u32) -> vec2u {
  return select(vec2u(at.x, at.y + 1), vec2u(at.x + 1, 0), at.y + 1 == columns);
}

/// Of so many rows of a window, which lie `apart`, those that reach something of a workgroup's,
/// from and to before: row lo / apart to hi / apart.
fn reaching(lo: i32, hi: i32, apart: u32, rows: u32) -> vec2u {
  return min(vec2u(max(vec2i(lo, hi) + i32(apart) - 1, vec2i())) / apart, vec2u(rows));
}
