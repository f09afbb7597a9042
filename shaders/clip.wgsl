// Clips gradients by the norm of all of them together, as torch.nn.utils.clip_grad_norm_ does, in three passes.
//
//   partial[first + z] = Σ i ≡ z mod splits  dparam[i]²      once for each buffer of gradients, side by side in partial
//   total              = √ Σ z  partial[z]                   z < count, of all buffers
//   dparam[i]         *= min(1, max_norm / (total + 1e-6))   in place, once for each buffer
//
// Sums have a fixed order. partial: an invocation per z, which loads four gradients at once. norm: one
// workgroup, a sum a lane. scale: an invocation per element. Twin: test/reference/clip.ts.

override WORKGROUP: u32 = 64;

struct Params { size: u32, splits: u32, first: u32, count: u32, max_norm: f32 }
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> dparam: array<f32>;         // [size]
@group(0) @binding(1) var<storage, read_write> partial: array<f32>;  // [count]
@group(0) @binding(2) var<storage, read> parts: array<f32>;          // the same, read by the second pass
@group(0) @binding(3) var<storage, read_write> total: array<f32>;    // [1]
@group(0) @binding(4) var<storage, read> norm: array<f32>;           // the same, read by the third pass
@group(0) @binding(5) var<storage, read_write> clipped: array<f32>;  // dparam, written by the third pass

var<workgroup> sums: array<f32, WORKGROUP>;

/// The square of gradient i; 0 past the last.
fn square(i: u32) -> f32 {
  let inside = i < dim.size;
  let v = select(0.0, dparam[select(0, i, inside)], inside);
  return v * v;
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn clip_partial(@builtin(global_invocation_id) id: vec3u) {
  let z = id.x;
  if (z >= dim.splits) { return; }
  var sum = vec4f();
  for (var i = z; i < dim.size; i += 4 * dim.splits) {
    sum += vec4f(square(i), square(i + dim.splits), square(i + 2 * dim.splits), square(i + 3 * dim.splits));
  }
  partial[dim.first + z] = sum.x + sum.y + sum.z + sum.w;
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn clip_norm(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var z = lane; z < dim.count; z += WORKGROUP) { sum += parts[z]; }
  sums[lane] = sum;
  workgroupBarrier();
  if (lane > 0) { return; }
  sum = 0.0;
  for (var i = 0u; i < WORKGROUP; i++) { sum += sums[i]; }
  total[0] = sqrt(sum);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn clip_scale(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  if (i >= dim.size) { return; }
  clipped[i] *= min(1.0, dim.max_norm / (norm[0] + 1e-6));
}
