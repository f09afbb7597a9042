// Rows of y that a workgroup of a weight gradient leaves out, since its taps see nothing there. Its invocations take
// the parts of a window one after the other, `each` of them a row.
/// What p · STRIDE_H is added to for the rows of x that its first and its last invocation see: if the first lies below
/// the image, or the last above it, none sees anything. A workgroup that sums dbias, too, leaves out no row of y.
fn reach(group: vec3u, each: u32) -> vec2i {
  if (BIAS && group.x == 0) { return vec2i(-0x40000000, 0x40000000); }
  let first = group.x * WORKGROUP;
  return vec2i(vec2u(first, first + WORKGROUP - 1) / each * DILATION_H) - dim.padding_h;
}
