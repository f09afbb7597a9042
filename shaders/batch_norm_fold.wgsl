// Batch normalisations by running statistics, folded: what the convolution or linear layer
// in front of each multiplies its sums by, and adds.
//
//   folded[to + k]        = weight[k] / √(variance[k] + eps)                      factor
//   folded[to + size + k] = bias[k] + (own[k] − mean[k]) · folded[to + k]         term; own: that layer's bias, else 0
//
// All normalisations of a network are one dispatch: a segment each, told by a table that
// src/layers/foldBatchNorm.ts makes. Parameters lie in one buffer anyway, and so do running statistics. An
// invocation makes both numbers of a filter; id.y is the segment. Twin: test/reference/batch_norm.ts.
override WORKGROUP: u32 = 64;

struct Params { eps: f32 }
@group(1) @binding(0) var<uniform> dim: Params;

/// Where the vectors begin, in elements; own is NONE where the layer in front has no bias.
struct Segment { weight: u32, bias: u32, mean: u32, variance: u32, own: u32, to: u32, size: u32 }
const NONE = 0xffffffffu;

@group(0) @binding(0) var<storage, read> table: array<Segment>;
@group(0) @binding(1) var<storage, read> parameters: array<f32>;
@group(0) @binding(2) var<storage, read> statistics: array<f32>;
@group(0) @binding(3) var<storage, read_write> folded: array<f32>;

@compute @workgroup_size(WORKGROUP, 1, 1)
fn batch_norm_fold_all(@builtin(global_invocation_id) id: vec3u) {
  let k = id.x;
  let segment = table[id.y];
  if (k >= segment.size) { return; }
  let factor = parameters[segment.weight + k] * inverseSqrt(statistics[segment.variance + k] + dim.eps);
  var mean = statistics[segment.mean + k];
  if (segment.own != NONE) { mean -= parameters[segment.own + k]; }
  folded[segment.to + k] = factor;
  folded[segment.to + segment.size + k] = parameters[segment.bias + k] - mean * factor;
}
