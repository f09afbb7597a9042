// The first kernel of a step: gathers a batch by index from a data set that lies on the GPU as bytes, and resizes it.
//
//   image(i, h, w, c) = byte(images, ((i·H + h)·W + w)·C + c)
//   x[n,p,q,c] = image(order[n], p, q, c) · scale + shift, or with RESIZE, bilinear between its four neighbours:
//     h = max(0, (p + ½)·H/P − ½), w likewise; neighbours past the edge are the edge's   (PyTorch's align_corners=False)
//   labels[n]  = byte(classes, order[n])
//
// One invocation per element of x; the first of each image also fetches the label. Twin: test/reference/batch.ts.

override WORKGROUP: u32 = 64;
override RESIZE: bool = false;

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // images of the batch; size and channels of the set's
  P: u32, Q: u32,                  // size of x
  scale: f32, shift: f32,
}
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> images: array<u32>;        // [images · H · W · C / 4], four bytes a word, lowest first
@group(0) @binding(1) var<storage, read> classes: array<u32>;       // [images / 4], likewise
@group(0) @binding(2) var<storage, read> order: array<u32>;         // [N]
@group(0) @binding(3) var<storage, read_write> x: array<f32>;       // [N, P, Q, C]
@group(0) @binding(4) var<storage, read_write> labels: array<u32>;  // [N]

fn image(row: u32, w: u32, c: u32) -> f32 {
  let at = (row * dim.W + w) * dim.C + c;
  return f32((images[at / 4] >> (8 * (at % 4))) & 255u);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn batch_gather(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  if (i >= dim.N * dim.P * dim.Q * dim.C) { return; }
  let c = i % dim.C;
  let q = i / dim.C % dim.Q;
  let p = i / (dim.C * dim.Q) % dim.P;
  let n = i / (dim.C * dim.Q * dim.P);
  let source = order[n];
  let top = source * dim.H;

  var value = 0.0;
  if (RESIZE) {
    let h = max(0.0, (f32(p) + 0.5) * f32(dim.H) / f32(dim.P) - 0.5);
    let w = max(0.0, (f32(q) + 0.5) * f32(dim.W) / f32(dim.Q) - 0.5);
    let h0 = min(u32(h), dim.H - 1);
    let w0 = min(u32(w), dim.W - 1);
    let h1 = min(h0 + 1, dim.H - 1);
    let w1 = min(w0 + 1, dim.W - 1);
    let above = mix(image(top + h0, w0, c), image(top + h0, w1, c), w - f32(w0));
    let below = mix(image(top + h1, w0, c), image(top + h1, w1, c), w - f32(w0));
    value = mix(above, below, h - f32(h0));
  } else {
    value = image(top + p, q, c);
  }
  x[i] = value * dim.scale + dim.shift;
  if (p == 0 && q == 0 && c == 0) { labels[n] = (classes[source / 4] >> (8 * (source % 4))) & 255u; }
}
