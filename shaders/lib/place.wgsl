// Where an invocation is.
// #import unravel
/// Image, row, column and channel of element u of [images, rows, columns, channels].
fn place(u: u32, rows: u32, columns: u32, channels: u32) -> vec4u {
  let pixel = u / channels;
  return vec4u(unravel(pixel, rows, columns), u - pixel * channels);
}
