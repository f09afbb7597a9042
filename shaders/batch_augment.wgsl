// What batch.wgsl makes of a batch, but in training, with its images changed by d = draws[n] of augment.wgsl.
//
//   image(i, h, w, c)   = kept(d.brightness · kept(d.contrast · byte + d.grey))    byte: batch.wgsl's; kept: to 0 … 255
//   resized(i, p, q, c) = as in batch.wgsl, but 0 outside
//   x[n,p,q,c] = 0 where d.rows hold p and d.columns hold q, which erases it; else
//                resized(order[n], p + d.top, q′ + d.left, c) · levels[c,0] + levels[c,1]
//                q′ = q or, flipped, Q − 1 − q
//   labels[n]  as in batch.wgsl
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

@group(0) @binding(0) var<storage, read> images: array<u32>;        // [images · H · W · C / 4], four bytes a word
@group(0) @binding(1) var<storage, read> classes: array<u32>;       // [images / 4], likewise
@group(0) @binding(2) var<storage, read> order: array<u32>;         // [N]
@group(0) @binding(3) var<storage, read> levels: array<f32>;        // [C, 2]
@group(0) @binding(4) var<storage, read> draws: array<Draw>;        // [N]
@group(0) @binding(5) var<storage, read_write> x: array<f32>;       // [N, P, Q, C]
@group(0) @binding(6) var<storage, read_write> labels: array<u32>;  // [N]

// #import image

@compute @workgroup_size(WORKGROUP, 1, 1)
fn batch_augment_gather(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= dim.N * dim.P * dim.Q * dim.C) { return; }
  let at = place(i, dim.P, dim.Q, dim.C);  // n, p, q, c
  let source = order[at.x];
  let d = draws[at.x];
  let p = i32(at.y) + d.top;
  let q = select(i32(at.z), i32(dim.Q) - 1 - i32(at.z), d.flip == 1) + d.left;

  var value = 0.0;
  if (p >= 0 && p < i32(dim.P) && q >= 0 && q < i32(dim.Q)) {
    value = resized(source, u32(p), u32(q), at.w, vec3f(d.contrast, d.grey, d.brightness));
  }
  value = value * levels[2 * at.w] + levels[2 * at.w + 1];
  let erased = at.y >= d.rows.x && at.y < d.rows.y && at.z >= d.columns.x && at.z < d.columns.y;
  x[i] = select(value, 0.0, erased);
  if (at.y + at.z + at.w == 0) { labels[at.x] = label(source); }
}
