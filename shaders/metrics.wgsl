// What a step came to, for the host to read when it likes: one row of a ring.
//
//   ring[row] = (Σ n loss[n],  Σ n hit[n],  N,  how many losses are no numbers)        FURTHER: added to what the row holds
//
// A step in several passes records after each; all but the first are FURTHER ones.
// One invocation in all: a batch is short. Twin: test/reference/metrics.ts.

override WORKGROUP: u32 = 1;
override FURTHER: bool = false;

// #import clock

struct Params { N: u32 }
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> clock: Clock;
@group(0) @binding(1) var<storage, read> rows: array<vec2f>;       // [N], loss and hit
@group(0) @binding(2) var<storage, read_write> ring: array<vec4f>; // [rows of the ring]

@compute @workgroup_size(WORKGROUP, 1, 1)
fn metrics_record(@builtin(global_invocation_id) id: vec3u) {
  if (id.x > 0) { return; }
  var sum = vec2f(0.0);
  var strange = 0u;
  for (var n = 0u; n < dim.N; n++) {
    let row = rows[n];
    sum += row;
    if ((bitcast<u32>(row.x) & 0x7f800000u) == 0x7f800000u) { strange++; }  // NaN or infinite: comparisons may not see it
  }
  var before = vec4f(0.0);
  if (FURTHER) { before = ring[clock.row]; }
  ring[clock.row] = before + vec4f(sum, f32(dim.N), f32(strange));
}
