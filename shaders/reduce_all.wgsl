// Second pass of all weight gradients of a step: adds up the sums of their splits, in their order, as reduce.wgsl does.
//
//   gradient[to + i] = Σ z  partial[source + z · size + i]        i < size,  z < splits;  of a segment
//
// A segment is a weight or a bias, with source, to, size and splits of its own. src/train/reductions.ts makes the table
// of segments and puts the partial sums of all layers into one buffer; their gradients lie in one anyway. A workgroup
// takes WORKGROUP elements of a segment, which it finds in the table by halving. Twin: test/reference/reduce.ts.
override WORKGROUP: u32 = 64;

struct Params { segments: u32 }
@group(1) @binding(0) var<uniform> dim: Params;

/// `first` is the first of its workgroups.
struct Segment { first: u32, source: u32, to: u32, size: u32, splits: u32 }

@group(0) @binding(0) var<storage, read> table: array<Segment>;       // [segments], by `first`
@group(0) @binding(1) var<storage, read> partial: array<f32>;
@group(0) @binding(2) var<storage, read_write> gradient: array<f32>;

@compute @workgroup_size(WORKGROUP, 1, 1)
fn reduce_all_sum(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let t = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  var low = 0u;
  var high = dim.segments;
  while (high - low > 1) {
    let middle = (low + high) / 2;
    if (table[middle].first <= t / WORKGROUP) { low = middle; } else { high = middle; }
  }
  let i = t - table[low].first * WORKGROUP;
  let size = table[low].size;
  if (i >= size) { return; }
  var sum = 0.0;
  for (var z = 0u; z < table[low].splits; z++) { sum += partial[table[low].source + z * size + i]; }
  gradient[table[low].to + i] = sum;
}
