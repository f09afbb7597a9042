// Where an element lies.
// #import unravel
/// Image, row, column and channel of element i of [images, rows, columns, channels].
fn place(i: u32, rows: u32, columns: u32, channels: u32) -> vec4u {
  let pixel = i / channels;
  return vec4u(unravel(pixel, rows, columns), i - pixel * channels);
}
