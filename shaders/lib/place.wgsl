// Where an invocation is. Integer division is the dearest thing that a kernel which only moves bytes can do.
/// u / v and u % v by a float's product and what that missed; v < 2¹⁹.
fn divided(u: u32, v: u32) -> vec2u {
  let inverse = 1.0 / f32(v);
  let near = u32(f32(u) * inverse);
  let rest = i32(u - near * v);  // perhaps below 0, or some v too much
  let missed = i32(floor((f32(rest) + 0.5) * inverse));
  return vec2u(u32(i32(near) + missed), u32(rest - missed * i32(v)));
}

/// Image, row, column and channel of element u of [images, rows, columns, channels].
fn place(u: u32, rows: u32, columns: u32, channels: u32) -> vec4u {
  let pixel = divided(u, channels);
  let line = divided(pixel.x, columns);
  let image = divided(line.x, rows);
  return vec4u(image.x, image.y, line.y, pixel.y);
}
