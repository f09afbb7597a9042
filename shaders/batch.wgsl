// The first kernel of a step: gathers a batch by index from a data set that lies on the GPU as bytes.
//
//   x[n,i]    = byte(images, order[n]·E + i) · scale + shift        E elements an image, in the order H, W, C
//   labels[n] = byte(classes, order[n])
//
// One invocation per element of x; the first of each image also fetches the label. Twin: test/reference/batch.ts.

override WORKGROUP: u32 = 64;

struct Params { N: u32, E: u32, scale: f32, shift: f32 }
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> images: array<u32>;        // [images · E / 4], four bytes a word, lowest first
@group(0) @binding(1) var<storage, read> classes: array<u32>;       // [images / 4], likewise
@group(0) @binding(2) var<storage, read> order: array<u32>;         // [N]
@group(0) @binding(3) var<storage, read_write> x: array<f32>;       // [N, E]
@group(0) @binding(4) var<storage, read_write> labels: array<u32>;  // [N]

@compute @workgroup_size(WORKGROUP, 1, 1)
fn batch_gather(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  if (i >= dim.N * dim.E) { return; }
  let n = i / dim.E;
  let image = order[n];
  let at = image * dim.E + i % dim.E;
  x[i] = f32((images[at / 4] >> (8 * (at % 4))) & 255u) * dim.scale + dim.shift;
  if (i % dim.E == 0) { labels[n] = (classes[image / 4] >> (8 * (image % 4))) & 255u; }
}
