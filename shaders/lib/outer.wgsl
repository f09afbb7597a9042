// What register tiles do with their columns. The caller declares COLUMNS: 3 or 4.
/// Column j gets u · v[j], but the last 0 where COLUMNS is 3.
fn outer(u: vec4f, v: vec4f) -> mat4x4f {
  if (COLUMNS == 3) { return mat4x4f(v.x * u, v.y * u, v.z * u, vec4f()); }
  return mat4x4f(v.x * u, v.y * u, v.z * u, v.w * u);
}

/// Columns move up by one, and a last one comes in.
fn up(m: mat4x4f, last: vec4f) -> mat4x4f { return mat4x4f(m[1], m[2], m[3], last); }
