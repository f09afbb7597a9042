// Lanes of a subgroup. In one of 16 or more, lane i + 8 loads what lane i does.
const LANES: u32 = 4;  // baked
const UPPER = 4 % LANES;  // the lane that holds the fifth of eight shared values: 4 or, with a load more, 0 of 4
