// Dropout, for dropout.wgsl and, where DROP, for kernels that write four elements at once, behind which fuse.ts may put
// it. The caller binds clock, and has stream, threshold and scale in Params.
override DROP: bool = false;
// #import philox

/// What elements 4i … 4i + 3 are multiplied by: the formulas are in dropout.wgsl.
fn factors(i: u32) -> vec4f {
  let words = philox(vec4u(i, clock.step, dim.stream, 2u), vec2u(clock.seed, 0u));
  return select(vec4f(), vec4f(dim.scale), (words >> vec4u(8u)) >= vec4u(dim.threshold));
}
