// Lanes of a subgroup, at most 8 of which are told apart.
const LANES: u32 = 4;  // baked
const UPPER = 4 % LANES;  // where the second four of eight shared values begin: in upper lanes, or in a load more
