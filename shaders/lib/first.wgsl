// Where loops begin that are to be rolled.
/// 0. Where a loop takes more than two turns no compiler knows that, and rolls it,
/// which nearly halves the time to compile.
fn first(n: u32, turns: u32) -> u32 { return select(n >> 31, 0, turns <= 2); }
