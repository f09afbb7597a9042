// Columns of a 3×3 window that slides along a row of x, for the depthwise kernels. With a stride of 1 down the column
// they are four high, for two rows of y.
// #import padded
const ROWS = select(2u, 1u, STRIDE_H > 1);

/// Where four rows of x begin, at a channel, and how long each is: 0 where it lies outside the image.
struct Rows { starts: vec4i, widths: vec4u }

/// Those that row p of image n of y sees, and the row behind it.
fn rows_from(n: u32, p: u32, c: u32) -> Rows {
  let rows = vec4i(0, 1, 2, 3) + i32(p * STRIDE_H) - dim.padding_h;
  let inside = vec4u(rows) < vec4u(dim.H);
  return Rows((i32(n * dim.H) + rows) * i32(dim.W * dim.C) + i32(c), select(vec4u(), vec4u(dim.W), inside));
}

/// Their pixels in column w.
fn column(seen: Rows, w: i32) -> vec4f {
  var v = vec4f(padded(seen.starts.x, w, seen.widths.x), padded(seen.starts.y, w, seen.widths.y),
    padded(seen.starts.z, w, seen.widths.z), 0.0);
  if (ROWS == 2) { v.w = padded(seen.starts.w, w, seen.widths.w); }
  return v;
}
