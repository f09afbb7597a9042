// Images and labels of the set, for batch.wgsl and batch_augment.wgsl, which bind what they are made of.
// #import place
/// A byte of the set after contrast (look.x, look.y) and brightness (look.z), each kept to 0 … 255. `row` counts the
/// rows of all images.
fn image(row: u32, w: u32, c: u32, look: vec3f) -> f32 {
  let at = (row * dim.W + w) * dim.C + c;
  let value = f32((images[at / 4] >> (8 * (at % 4))) & 255u);
  return clamp(look.z * clamp(look.x * value + look.y, 0.0, 255.0), 0.0, 255.0);
}

/// Of image `source`, row p, column q and channel c in the network's size.
fn resized(source: u32, p: u32, q: u32, c: u32, look: vec3f) -> f32 {
  let top = source * dim.H;
  if (!RESIZE) { return image(top + p, q, c, look); }
  let h = max(0.0, (f32(p) + 0.5) * f32(dim.H) / f32(dim.P) - 0.5);
  let w = max(0.0, (f32(q) + 0.5) * f32(dim.W) / f32(dim.Q) - 0.5);
  let h0 = min(u32(h), dim.H - 1);
  let w0 = min(u32(w), dim.W - 1);
  let h1 = min(h0 + 1, dim.H - 1);
  let w1 = min(w0 + 1, dim.W - 1);
  let above = mix(image(top + h0, w0, c, look), image(top + h0, w1, c, look), w - f32(w0));
  let below = mix(image(top + h1, w0, c, look), image(top + h1, w1, c, look), w - f32(w0));
  return mix(above, below, h - f32(h0));
}

fn label(source: u32) -> u32 { return (classes[source / 4] >> (8 * (source % 4))) & 255u; }
