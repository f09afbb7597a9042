// A row of the ring, what a step came to: (Σ loss, Σ hits, images, how many losses are not finite).

// Whether to add to what the row holds: in all passes of a step but the first.
override FURTHER: bool = false;

/// A row with one image more, given its loss and hit.
fn counted(v: vec4f, image: vec2f) -> vec4f {
  let strange = (bitcast<u32>(image.x) & 0x7f800000u) == 0x7f800000u;  // NaN or infinite: comparisons may not see it
  return v + vec4f(image, 1.0, select(0.0, 1.0, strange));
}
