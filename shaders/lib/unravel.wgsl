// Places in a tensor by as few divisions as can be: lavapipe divides integers lane by lane.
/// Where element i of a tensor [·, rows, columns] lies.
fn unravel(i: u32, rows: u32, columns: u32) -> vec3u {
  let row = i / columns;
  let first = row / rows;
  return vec3u(first, row - first * rows, i - row * columns);
}
