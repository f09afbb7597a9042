// Where an invocation is.
/// Image, row, column and channel of element u of [images, rows, columns, channels].
fn place(u: u32, rows: u32, columns: u32, channels: u32) -> vec4u {
  let pixel = u / channels;
  let row = pixel / columns;
  let image = row / rows;
  return vec4u(image, row - image * rows, pixel - row * columns, u - pixel * channels);
}
