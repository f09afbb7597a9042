// Dropout (Srivastava et al. 2014): zeroes a share p of the elements and scales the others. No mask is kept, since both
// passes draw the same numbers, by counter.
//
//   keep[i] = word i mod 4 of philox((i div 4, step, stream, 2), (seed, 0)) div 2⁸ ≥ threshold,   threshold = p · 2²⁴
//   y[i]  = keep[i] ? scale · x[i]  : 0        scale = 1 / (1 − p)
//   dx[i] = (keep[i] ? scale · dy[i] : 0) · f′(z[i])
//
// f′ is there where fuse.ts has put it (SLOPE). stream is the layer's number. The counter's last word,
// 2, sets these numbers apart from those of augment.wgsl (3) and src/random.ts (0, 1). One invocation
// per four elements. Twin: test/reference/dropout.ts.

override WORKGROUP: u32 = 64;

// #import clock

struct Params { size: u32, stream: u32, threshold: u32, scale: f32 }
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> clock: Clock;
@group(0) @binding(1) var<storage, read> x: array<f32>;         // [size]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;   // [size]
@group(0) @binding(3) var<storage, read> dy: array<f32>;        // [size]
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;  // [size]
@group(0) @binding(5) var<storage, read> z: array<f32>;         // [size]

// #import drop
// #import slope

@compute @workgroup_size(WORKGROUP, 1, 1)
fn dropout_forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  if (4 * i >= dim.size) { return; }
  let by = factors(i);
  for (var j = 0u; j < min(4u, dim.size - 4 * i); j++) { y[4 * i + j] = by[j] * x[4 * i + j]; }
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn dropout_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (4 * i >= dim.size) { return; }
  let by = factors(i);
  for (var j = 0u; j < min(4u, dim.size - 4 * i); j++) {
    var d = by[j] * dy[4 * i + j];
    if (SLOPE > 0) { d *= slope(z[4 * i + j]); }
    dx[4 * i + j] = d;
  }
}
