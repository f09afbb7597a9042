// Concatenation along channels, up to four parts in one dispatch. Part j has C_j channels, from offset_j of y on.
//
//   y[m, offset_j + c] = x_j[m,c]        dx_j[m,c] = dy[m, offset_j + c] · f′(z[m, offset_j + c])        m = (n, h, w)
//
// f′ is there where fuse.ts has put it (SLOPE): then all parts came from the same activation, and z is
// y. One invocation per four Values of a part; of the grid x and y count these, folded, and z is the
// part. Twin: test/reference/concat.ts.

override WORKGROUP: u32 = 64;

// offset: of part 0; the others follow it
struct Params { M: u32, K: u32, C0: u32, C1: u32, C2: u32, C3: u32, offset: u32 }
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x0: array<Value>;         // [M, C0]
@group(0) @binding(1) var<storage, read> x1: array<Value>;         // [M, C1], …; a part of no channels is never touched
@group(0) @binding(2) var<storage, read> x2: array<Value>;
@group(0) @binding(3) var<storage, read> x3: array<Value>;
@group(0) @binding(4) var<storage, read_write> y: array<Value>;    // [M, K]
@group(0) @binding(5) var<storage, read> dy: array<Value>;         // [M, K]
@group(0) @binding(6) var<storage, read> z: array<Value>;          // [M, K], where SLOPE > 0
@group(0) @binding(7) var<storage, read_write> dx0: array<Value>;  // [M, C0]
@group(0) @binding(8) var<storage, read_write> dx1: array<Value>;
@group(0) @binding(9) var<storage, read_write> dx2: array<Value>;
@group(0) @binding(10) var<storage, read_write> dx3: array<Value>;

// #import slope

/// Channels of part j, and where in y they begin, in Values.
fn part(j: u32) -> vec2u {
  let channels = array<u32, 4>(dim.C0, dim.C1, dim.C2, dim.C3);
  let starts = array<u32, 4>(0, dim.C0, dim.C0 + dim.C1, dim.C0 + dim.C1 + dim.C2);
  return vec2u(channels[j], dim.offset + starts[j]) / WIDTH;
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn concat_forward(
  @builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
) {
  let n = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  let start = n / WORKGROUP * WORKGROUP * 4 + n % WORKGROUP;  // neighbours take neighbours
  let here = part(group.z);
  for (var i = start; i < min(start + 4 * WORKGROUP, dim.M * here.x); i += WORKGROUP) {
    let at = i / here.x * (dim.K / WIDTH - here.x) + here.y + i;  // m · K + offset_j + c, as i is m · C_j + c
    switch (group.z) {
      case 0: { y[at] = x0[i]; }
      case 1: { y[at] = x1[i]; }
      case 2: { y[at] = x2[i]; }
      default: { y[at] = x3[i]; }
    }
  }
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn concat_backward(
  @builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
) {
  let n = id.y * groups.x * WORKGROUP + id.x;
  let start = n / WORKGROUP * WORKGROUP * 4 + n % WORKGROUP;  // neighbours take neighbours
  let here = part(group.z);
  for (var i = start; i < min(start + 4 * WORKGROUP, dim.M * here.x); i += WORKGROUP) {
    let at = i / here.x * (dim.K / WIDTH - here.x) + here.y + i;
    var d = dy[at];
    if (SLOPE > 0) { d *= slope(z[at]); }
    switch (group.z) {
      case 0: { dx0[i] = d; }
      case 1: { dx1[i] = d; }
      case 2: { dx2[i] = d; }
      default: { dx3[i] = d; }
    }
  }
}
