// Where an invocation is in a grid by rowGrid() of src/layers/window.ts: x goes along a row of a tensor, y and z count
// rows. So a workgroup is in one row, and only the column costs each of its invocations a division.
/// Image, row, column and channel of element `along` of the workgroup's row,
/// in a tensor of `rows` rows an image and `channels` channels.
fn place_by_row(along: u32, group: vec3u, groups: vec3u, rows: u32, channels: u32) -> vec4u {
  let row = group.z * groups.y + group.y;
  let image = row / rows;
  let column = along / channels;
  return vec4u(image, row - image * rows, column, along - column * channels);
}
