// The window of a pooling, as constants, and what of it lies where.
override R: u32 = 2;  // height and width
override S: u32 = 2;
override STRIDE_H: u32 = 2;
override STRIDE_W: u32 = 2;
override WINDOWS_H: u32 = 1;  // windows that may hold a pixel: ⌈(DILATION_H·(R − 1) + 1) / STRIDE_H⌉
override WINDOWS_W: u32 = 1;

/// The first tap of window i that lies on the input, and the first behind the last. Two taps stay two, so that compilers unroll the loop
/// over them; more are rolled, which nearly halves the time to compile.
fn held(i: u32, stride: u32, padding: i32, window: u32, dilation: u32, extent: u32) -> vec2u {
  if (window <= 2) { return vec2u(0, window); }
  let step = i32(dilation);
  let start = i32(i * stride) - padding;
  let first = max(0, (step - 1 - start) / step);
  let last = clamp((i32(extent) - start + step - 1) / step, 0, i32(window));
  return vec2u(u32(first), u32(last));
}

/// The first of `count` windows that hold element i, and the last.
fn holding(i: u32, padding: i32, span: u32, stride: u32, count: u32) -> vec2i {
  let at = i32(i) + padding;
  let first = max(at - i32(span) + i32(stride), 0) / i32(stride);
  let last = min(at, i32(count * stride) - 1) / i32(stride);
  return vec2i(first, last);
}

/// How many blocks, of as many elements as the stride, an axis and the padding before it take; those of one are in the same windows.
fn blocks(extent: u32, padding: i32, stride: u32) -> u32 {
  return (extent + u32(padding) + stride - 1) / stride;
}

/// The first row of block i that lies on the input, and the first behind the last; where one window holds a pixel, all rows, so that compilers unroll.
fn lying(i: u32, padding: i32, extent: u32) -> vec2u {
  if (WINDOWS_H == 1) { return vec2u(0, STRIDE_H); }
  let start = i32(i * STRIDE_H) - padding;
  return vec2u(u32(max(-start, 0)), u32(min(i32(STRIDE_H), i32(extent) - start)));
}
