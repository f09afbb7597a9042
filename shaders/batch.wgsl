// The first kernel of a step: gathers a batch by index from a data set that lies on the GPU as bytes, resizes it where
// the network wants another size, and normalises it by channel.
//
//   image(i, h, w, c)    = byte(images, ((i·H + h)·W + w)·C + c)
//   resized(i, p, q, c)  = image(i, p, q, c), or with RESIZE, bilinear between its four neighbours:
//     h = max(0, (p + ½)·H/P − ½), w likewise; neighbours past the edge are the edge's
//     (PyTorch's align_corners=False)
//   x[n,p,q,c] = resized(order[n], p, q, c) · levels[c,0] + levels[c,1]
//   labels[n]  = byte(classes, order[n])
//
// One invocation per element of x; the first of each image also fetches the label. Twin: test/reference/batch.ts.

override WORKGROUP: u32 = 64;
override RESIZE: bool = false;

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // images of the batch; size and channels of the set's
  P: u32, Q: u32,                  // size of x
}
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> images: array<u32>;        // [images · H · W · C / 4], four bytes a word
@group(0) @binding(1) var<storage, read> classes: array<u32>;       // [images / 4], likewise
@group(0) @binding(2) var<storage, read> order: array<u32>;         // [N]
@group(0) @binding(3) var<storage, read> levels: array<f32>;        // [C, 2]
@group(0) @binding(4) var<storage, read_write> x: array<f32>;       // [N, P, Q, C]
@group(0) @binding(5) var<storage, read_write> labels: array<u32>;  // [N]

// #import image

@compute @workgroup_size(WORKGROUP, 1, 1)
fn batch_gather(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  if (i >= dim.N * dim.P * dim.Q * dim.C) { return; }
  let at = place(i, dim.P, dim.Q, dim.C);  // n, p, q, c
  let source = order[at.x];
  // The look (1, 0, 1) leaves a byte as it is.
  x[i] = resized(source, at.y, at.z, at.w, vec3f(1.0, 0.0, 1.0)) * levels[2 * at.w] + levels[2 * at.w + 1];
  if (at.y + at.z + at.w == 0) { labels[at.x] = label(source); }
}
