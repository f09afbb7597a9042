// For conv2d_direct_weight.wgsl and conv2d_narrow_weight.wgsl.
// #import padded

/// What four neighbouring taps of a window's row see, the first of them at pixel w.
fn window(start: i32, w: i32, width: u32) -> vec4f {
  let d = i32(DILATION_W);
  return vec4f(padded(start, w, width), padded(start, w + d, width),
    padded(start, w + 2 * d, width), padded(start, w + 3 * d, width));
}
