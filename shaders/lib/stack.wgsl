// Eight vec4 of sums, of the tiled rungs. They are written one by one and the others move up: registers have no index.
alias Stack = array<vec4f, 8>;

/// Those behind the first.
fn rest(sums: Stack) -> Stack { return Stack(sums[1], sums[2], sums[3], sums[4], sums[5], sums[6], sums[7], vec4f()); }
