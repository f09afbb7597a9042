// Where loops begin that are to be rolled.
/// Start of a loop: returns 0, but for more than two turns as n >> 31, which no compiler can fold, so that the loop
/// stays rolled: half the compile time on lavapipe. n < 2³¹.
fn opaque_zero(n: u32, turns: u32) -> u32 { return select(n >> 31, 0, turns <= 2); }
