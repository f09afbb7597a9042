// What a step came to, as one row of a ring that the host reads when it likes.
//
//   ring[row] = (Σ n loss[n],  Σ n hit[n],  N,  how many losses are not finite)    FURTHER: added to what the row holds
//
// A step in several passes records after each: with FURTHER, but after the first. One invocation in all. Losses of
// batches of up to 256 images record themselves. Twin: test/reference/metrics.ts.

override WORKGROUP: u32 = 1;

// #import clock
// #import ring

struct Params { N: u32 }
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> clock: Clock;
@group(0) @binding(1) var<storage, read> rows: array<vec2f>;       // [N], loss and hit
@group(0) @binding(2) var<storage, read_write> ring: array<vec4f>; // [rows of the ring]

@compute @workgroup_size(WORKGROUP, 1, 1)
fn metrics_record(@builtin(global_invocation_id) id: vec3u) {
  if (id.x > 0) { return; }
  var sum = vec4f();
  for (var n = 0u; n < dim.N; n++) { sum = counted(sum, rows[n]); }
  if (FURTHER) { sum += ring[clock.row]; }
  ring[clock.row] = sum;
}
