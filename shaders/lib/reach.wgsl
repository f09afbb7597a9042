// Rows of the window in the direct weight gradients, where an invocation of a workgroup has a part of one, `each` of
// them a row.
/// Rows of x that this workgroup's first and last invocation take with the first row of y: where that one lies below
/// the image, or this one above, all of them reach nothing.
/// Without an end where it sums dbias, which takes every row of y.
fn reach(group: vec3u, each: u32) -> vec2i {
  if (BIAS && group.x == 0) { return vec2i(-0x40000000, 0x40000000); }
  let first = group.x * WORKGROUP;
  return vec2i(vec2u(first, first + WORKGROUP - 1) / each * DILATION_H) - dim.padding_h;
}
