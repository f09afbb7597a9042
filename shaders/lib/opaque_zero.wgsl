// Loops that compilers are not to unroll, which halves the compile time on lavapipe.
/// Where such a loop of so many turns begins: 0, written as n >> 31 for n < 2³¹, which no compiler can fold. Up to two
/// turns it is a plain 0: those may unroll.
fn opaque_zero(n: u32, turns: u32) -> u32 { return select(n >> 31, 0, turns <= 2); }
