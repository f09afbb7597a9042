// Second pass of a weight gradient: adds up the sums of its splits, in their order.
//
//   dweight[i] = Σ z  partial[z,i],   dbias[k] = Σ z  partial_bias[z,k]
//
// One invocation per element of either. Twin: test/reference/reduce.ts.
override WORKGROUP: u32 = 64;
override BIAS: bool = true;

struct Params { size: u32, K: u32, splits: u32 }
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> partial: array<f32>;        // [splits, size]
@group(0) @binding(1) var<storage, read> partial_bias: array<f32>;   // [splits, K]
@group(0) @binding(2) var<storage, read_write> dweight: array<f32>;  // [size]
@group(0) @binding(3) var<storage, read_write> dbias: array<f32>;    // [K]

@compute @workgroup_size(WORKGROUP, 1, 1)
fn reduce_sum(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  var sum = 0.0;
  if (i < dim.size) {
    for (var z = 0u; z < dim.splits; z++) { sum += partial[z * dim.size + i]; }
    dweight[i] = sum;
  } else if (BIAS && i < dim.size + dim.K) {
    for (var z = 0u; z < dim.splits; z++) { sum += partial_bias[z * dim.K + i - dim.size]; }
    dbias[i - dim.size] = sum;
  }
}
