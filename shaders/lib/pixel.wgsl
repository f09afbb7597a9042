// Pixels of a batch of images, in the order n, h, w.
/// Row, column and image of pixel m of `images` images of `rows` × `columns`; the last pixel for any beyond it.
fn pixel(m: u32, images: u32, rows: u32, columns: u32) -> vec3i {
  let at = min(m, images * rows * columns - 1);
  let row = at / columns;
  let image = row / rows;
  return vec3i(vec3u(row - image * rows, at - row * columns, image));
}

/// Whether (row, column) lies on an image of `rows` × `columns`.
fn inside(at: vec2i, rows: u32, columns: u32) -> bool {
  return all(at >= vec2i()) && all(at < vec2i(vec2u(rows, columns)));
}
