// Two loops as one, since software adapters copy each sum that a loop carries, masked, in every turn, and once more for
// each loop and `if` around it.
/// The place behind `at` in rows (x) of so many columns (y).
fn onward(at: vec2u, columns: u32) -> vec2u {
  return select(vec2u(at.x, at.y + 1), vec2u(at.x + 1, 0), at.y + 1 == columns);
}

/// Which of so many rows of a window see anything: those with lo ≤ row · apart < hi, as the first of them and the first
/// behind them. lo and hi are a workgroup's, so that all of its invocations take the same turns.
fn reaching(lo: i32, hi: i32, apart: u32, rows: u32) -> vec2u {
  return min(vec2u(max(vec2i(lo, hi) + i32(apart) - 1, vec2i())) / apart, vec2u(rows));
}
