// Writes the gradient of four channels with what fuse.ts put behind it. The caller declares ADDEND and the tensors.
// #import slope
fn put(e: u32, gradient: vec4f) {
  var sum = gradient;
  if (ADDEND) { sum += addend[e]; }
  if (SLOPE > 0) {
    let v = z[e];
    sum *= vec4f(slope(v.x), slope(v.y), slope(v.z), slope(v.w));
  }
  dx[e] = sum;
}
