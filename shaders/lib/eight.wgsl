// Eight numbers, one for each of eight filters, that the lanes of a subgroup hold, one each (with 4 lanes: two), and
// that all of them need.
// #import outer
override FILTERS: u32 = 8;  // of the narrow rungs: how many are computed, 8, or 6 where there are no more

/// The first four.
fn lower(held: f32) -> vec4f {
  return vec4f(subgroupBroadcast(held, 0u), subgroupBroadcast(held, 1u),
    subgroupBroadcast(held, 2u), subgroupBroadcast(held, 3u));
}

/// The others, which lanes 4 to 7 hold or, in subgroups of 4, lanes 0 to 3.
fn upper(held: f32) -> vec4f {
  let two = vec4f(subgroupBroadcast(held, UPPER), subgroupBroadcast(held, UPPER + 1), 0.0, 0.0);
  if (FILTERS == 6) { return two; }
  return vec4f(two.xy, subgroupBroadcast(held, UPPER + 2), subgroupBroadcast(held, UPPER + 3));
}
