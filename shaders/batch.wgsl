// The first kernel of a step: gathers a batch by index from a data set that lies on the GPU as bytes, and makes it what the
// network wants: resized, normalised by channel and, in training, augmented.
//
//   image(i, h, w, c)    = byte(images, ((i·H + h)·W + w)·C + c)
//   resized(i, p, q, c)  = image(i, p, q, c), or with RESIZE, bilinear between its four neighbours:
//     h = max(0, (p + ½)·H/P − ½), w likewise; neighbours past the edge are the edge's   (PyTorch's align_corners=False)
//   x[n,p,q,c] = resized(order[n], p, q, c) · levels[c,0] + levels[c,1]
//   labels[n]  = byte(classes, order[n])
//
// Augmented, by the draws d[n] of augment.wgsl, in this order: image(…) with other contrast and brightness, each kept to 0 … 255;
// resized; cut out at p + d.top and q + d.left (mirrored: Q − 1 − q + d.left), 0 outside; normalised; x = 0 where erased.
//
// One invocation per element of x; the first of each image also fetches the label. Twin: test/reference/batch.ts.

override WORKGROUP: u32 = 64;
override RESIZE: bool = false;

// #import draw

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // images of the batch; size and channels of the set's
  P: u32, Q: u32,                  // size of x
}
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> images: array<u32>;        // [images · H · W · C / 4], four bytes a word, lowest first
@group(0) @binding(1) var<storage, read> classes: array<u32>;       // [images / 4], likewise
@group(0) @binding(2) var<storage, read> order: array<u32>;         // [N]
@group(0) @binding(3) var<storage, read> levels: array<f32>;        // [C, 2]
@group(0) @binding(4) var<storage, read> draws: array<Draw>;        // [N]
@group(0) @binding(5) var<storage, read_write> x: array<f32>;       // [N, P, Q, C]
@group(0) @binding(6) var<storage, read_write> labels: array<u32>;  // [N]

/// Where an element of x is: p, q, c, n.
fn place(i: u32) -> vec4u {
  return vec4u(i / (dim.C * dim.Q) % dim.P, i / dim.C % dim.Q, i % dim.C, i / (dim.C * dim.Q * dim.P));
}

/// A byte of the set after contrast (look.x, look.y) and brightness (look.z).
fn image(row: u32, w: u32, c: u32, look: vec3f) -> f32 {
  let at = (row * dim.W + w) * dim.C + c;
  let value = f32((images[at / 4] >> (8 * (at % 4))) & 255u);
  return clamp(look.z * clamp(look.x * value + look.y, 0.0, 255.0), 0.0, 255.0);
}

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

@compute @workgroup_size(WORKGROUP, 1, 1)
fn batch_gather(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  if (i >= dim.N * dim.P * dim.Q * dim.C) { return; }
  let e = place(i);
  let source = order[e.w];
  x[i] = resized(source, e.x, e.y, e.z, vec3f(1.0, 0.0, 1.0)) * levels[2 * e.z] + levels[2 * e.z + 1];
  if (e.x + e.y + e.z == 0) { labels[e.w] = label(source); }
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn batch_augment(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= dim.N * dim.P * dim.Q * dim.C) { return; }
  let e = place(i);
  let source = order[e.w];
  let d = draws[e.w];
  let p = i32(e.x) + d.top;
  let q = select(i32(e.y), i32(dim.Q) - 1 - i32(e.y), d.flip == 1) + d.left;

  var value = 0.0;
  if (p >= 0 && p < i32(dim.P) && q >= 0 && q < i32(dim.Q)) {
    value = resized(source, u32(p), u32(q), e.z, vec3f(d.contrast, d.grey, d.brightness));
  }
  value = value * levels[2 * e.z] + levels[2 * e.z + 1];
  let erased = e.x >= d.rows.x && e.x < d.rows.y && e.y >= d.columns.x && e.y < d.columns.y;
  x[i] = select(value, 0.0, erased);
  if (e.x + e.y + e.z == 0) { labels[e.w] = label(source); }
}
