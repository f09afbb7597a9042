// Where an invocation is.
/// Image, row, column and channel of element u of [images, rows, columns, channels].
fn place(u: u32, rows: u32, columns: u32, channels: u32) -> vec4u {
  return vec4u(u / (channels * columns * rows), u / (channels * columns) % rows, u / channels % columns, u % channels);
}
