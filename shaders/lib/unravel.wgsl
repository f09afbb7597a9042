// Where an element lies, by two divisions: lavapipe divides integers lane by lane.
/// Place of element i of a tensor [·, rows, columns].
fn unravel(i: u32, rows: u32, columns: u32) -> vec3u {
  let row = i / columns;
  let first = row / rows;
  return vec3u(first, row - first * rows, i - row * columns);
}
