// Loads along a row of dy, for the input gradients by subgroups.
/// Four filters' dy of pixel q of a row whose first lies at `start`; 0 where there is none, as in lib/padded.wgsl.
fn padded(start: i32, q: i32, width: u32) -> vec4f {
  let inside = u32(q) < width;
  return select(vec4f(), dy[select(0, start + q * i32(dim.dy_pitch / 4), inside)], inside);
}
