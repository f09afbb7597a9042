// What an adapter can do at most: multiply-adds of registers alone, a copy, and a dispatch of nothing.
//
//   fma:   sums[i] = Σ j<16  v_j(8 · rounds),   v_j(0) = i + j,   v_j(t + 1) = a · v_j(t) + b
//   copy:  y[i] = x[i]
//
// fma: 16 independent sums an invocation, which fill the pipelines of every adapter seen so far (8 reach 58 %
// on lavapipe); 256 · rounds operations. FUSED takes fma(), else a product and a sum: some adapters are quicker
// at one, some at the other. copy: four vec4 an invocation. Played by src/profile/roofline.ts. Twin: none.
override WORKGROUP: u32 = 64;
override FUSED: bool = true;

struct Params {
  size: u32,    // invocations of fma
  rounds: u32,
  a: f32, b: f32,
}
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<vec4f>;        // [4 · size]
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;  // [4 · size]
@group(0) @binding(2) var<storage, read_write> sums: array<f32>; // [size]

fn multiply_add(v: vec4f) -> vec4f {
  if (FUSED) { return fma(v, vec4f(dim.a), vec4f(dim.b)); }
  return v * dim.a + dim.b;
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn roofline_fma(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= dim.size) { return; }
  var v0 = vec4f(0.0, 1.0, 2.0, 3.0) + f32(i);
  var v1 = v0 + 4.0;
  var v2 = v0 + 8.0;
  var v3 = v0 + 12.0;
  for (var round = 0u; round < dim.rounds; round++) {
    for (var t = 0u; t < 8u; t++) {
      v0 = multiply_add(v0);
      v1 = multiply_add(v1);
      v2 = multiply_add(v2);
      v3 = multiply_add(v3);
    }
  }
  sums[i] = dot(v0 + v1 + v2 + v3, vec4f(1.0));
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn roofline_copy(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let n = id.y * groups.x * WORKGROUP + id.x;
  if (n >= dim.size) { return; }
  let i = n / WORKGROUP * WORKGROUP * 4u + n % WORKGROUP;  // neighbours read neighbours
  y[i] = x[i];
  y[i + WORKGROUP] = x[i + WORKGROUP];
  y[i + 2u * WORKGROUP] = x[i + 2u * WORKGROUP];
  y[i + 3u * WORKGROUP] = x[i + 3u * WORKGROUP];
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn roofline_nothing() {}
