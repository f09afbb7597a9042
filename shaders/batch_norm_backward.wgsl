// Batch normalisation, backward. x̂ = (x − mean) · invstd.
//
//   dbias[c]   = Σ m dy[m,c]              dweight[c] = Σ m dy[m,c] · x̂[m,c]
//   dx[m,c]    = (weight[c] · invstd[c] · d + addend[m,c]) · f′(z[m,c])
//                d = dy[m,c] − (dbias[c] + x̂[m,c] · dweight[c]) / M   by batch statistics (TRAINING)
//                d = dy[m,c]                                          by running ones
//
// addend and f′ are there where fuse.ts has put them (ADDEND, SLOPE). A workgroup takes 2^columns_log2
// Values of channels, of WIDTH; its lanes share the rows. column: all in one dispatch. partial, input:
// rows in splits, whose sums each invocation of input adds up in order; partial also joins the moments
// that forward left in splits, and writes them into stats (known: stats, read). Rows of x and addend
// are the first C of x_pitch and addend_pitch channels. Twin: test/reference/batch_norm.ts.

override WORKGROUP: u32 = 64;
override TRAINING: bool = true;
override ADDEND: bool = false;

// rows: of a split of partial; span: of a workgroup of input; fused: 1: ADDEND is meant for this step, 2: SLOPE
struct Params {
  M: u32, C: u32, rows: u32, splits: u32, span: u32, columns_log2: u32, eps: f32,
  x_pitch: u32, addend_pitch: u32, fused: u32,
}
@group(1) @binding(0) var<uniform> dim: Params;

// #import slope
// #import moments

/// Sums of dy and of dy · x̂.
struct Sums { dy: Value, dyx: Value }

@group(0) @binding(0) var<storage, read> x: array<Value>;              // [M, C]
@group(0) @binding(1) var<storage, read> dy: array<Value>;             // [M, C]
@group(0) @binding(2) var<storage, read> moments: array<Moments>;      // [splits, C], what forward's partial found
@group(0) @binding(3) var<storage, read> weight: array<Value>;         // [C]
@group(0) @binding(4) var<storage, read_write> stats: array<Value>;    // [C, 3]: mean, invstd, weight · invstd
@group(0) @binding(5) var<storage, read> known: array<Value>;          // the same, read
@group(0) @binding(6) var<storage, read_write> partial: array<Sums>;   // [splits, C]
@group(0) @binding(7) var<storage, read> parts: array<Sums>;           // the same, read
@group(0) @binding(8) var<storage, read_write> dweight: array<Value>;  // [C]
@group(0) @binding(9) var<storage, read_write> dbias: array<Value>;    // [C]
@group(0) @binding(10) var<storage, read_write> dx: array<Value>;      // [M, C]
@group(0) @binding(11) var<storage, read> addend: array<Value>;        // [M, C]
@group(0) @binding(12) var<storage, read> z: array<Value>;             // [M, C]

var<workgroup> held: array<Sums, WORKGROUP>;

/// Sums of channels c over a lane's rows, from `first + lane` to before `end`.
fn summed(c: u32, first: u32, end: u32, lane: u32, mean: Value, invstd: Value) -> Sums {
  var all = Sums();
  for (var m = first + lane; m < end; m += WORKGROUP >> dim.columns_log2) {
    let d = dy[m * (dim.C / WIDTH) + c];
    all.dy += d;
    all.dyx += d * ((x[m * (dim.x_pitch / WIDTH) + c] - mean) * invstd);
  }
  return all;
}

/// What the lanes that had any of `rows` rows summed, in order.
fn gathered(here: u32, rows: u32) -> Sums {
  var all = Sums();
  for (var i = column(0, here); i < min(rows << dim.columns_log2, WORKGROUP); i += 1u << dim.columns_log2) {
    all.dy += held[i].dy;
    all.dyx += held[i].dyx;
  }
  return all;
}

/// dx of a Value of channels whose dy is `d` and whose x̂ is `v`, without addend and f′.
fn gradient(d: Value, v: Value, all: Sums, scale: Value) -> Value {
  if (TRAINING) { return scale * (d - (all.dy + v * all.dyx) / f32(dim.M)); }
  return scale * d;
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn batch_norm_backward_column(@builtin(local_invocation_index) here: u32, @builtin(workgroup_id) group: vec3u) {
  let c = column(group.x, here);
  let exists = c < dim.C / WIDTH;
  let at = 3 * min(c, dim.C / WIDTH - 1);
  let mean = known[at];
  let invstd = known[at + 1];
  let scale = known[at + 2];
  if (exists) { held[here] = summed(c, 0, dim.M, here >> dim.columns_log2, mean, invstd); }
  workgroupBarrier();
  if (!exists) { return; }
  let all = gathered(here, dim.M);
  if (here >> dim.columns_log2 == 0) {
    dbias[c] = all.dy;
    dweight[c] = all.dyx;
  }
  for (var m = here >> dim.columns_log2; m < dim.M; m += WORKGROUP >> dim.columns_log2) {
    let i = m * (dim.C / WIDTH) + c;
    var value = gradient(dy[i], (x[m * (dim.x_pitch / WIDTH) + c] - mean) * invstd, all, scale);
    if (ADDEND && (dim.fused & 1) > 0) { value += addend[m * (dim.addend_pitch / WIDTH) + c]; }
    if (SLOPE > 0 && (dim.fused & 2) > 0) { value *= slope(z[i]); }
    dx[i] = value;
  }
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn batch_norm_backward_partial(@builtin(local_invocation_index) here: u32, @builtin(workgroup_id) group: vec3u) {
  let C = dim.C / WIDTH;
  let c = column(group.x, here);
  let exists = c < C;
  if (exists) {
    var all = Moments();
    for (var s = 0u; s < dim.splits; s++) {
      all = joined(all, f32(s * dim.rows), moments[s * C + c], f32(min(dim.rows, dim.M - s * dim.rows)));
    }
    let invstd = inverseSqrt(all.m2 / f32(dim.M) + dim.eps);
    if (group.y == 0 && here >> dim.columns_log2 == 0) {
      stats[3 * c] = all.mean;
      stats[3 * c + 1] = invstd;
      stats[3 * c + 2] = invstd * weight[c];
    }
    let end = min((group.y + 1) * dim.rows, dim.M);
    held[here] = summed(c, group.y * dim.rows, end, here >> dim.columns_log2, all.mean, invstd);
  }
  workgroupBarrier();
  if (exists && here >> dim.columns_log2 == 0) { partial[group.y * C + c] = gathered(here, dim.rows); }
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn batch_norm_backward_input(@builtin(local_invocation_index) here: u32, @builtin(workgroup_id) group: vec3u) {
  let C = dim.C / WIDTH;
  let c = column(group.x, here);
  if (c >= C) { return; }
  var all = Sums();
  for (var s = 0u; s < dim.splits; s++) {
    all.dy += parts[s * C + c].dy;
    all.dyx += parts[s * C + c].dyx;
  }
  if (group.y == 0 && here >> dim.columns_log2 == 0) {
    dbias[c] = all.dy;
    dweight[c] = all.dyx;
  }
  let mean = known[3 * c];
  let invstd = known[3 * c + 1];
  let scale = known[3 * c + 2];
  let end = min((group.y + 1) * dim.span, dim.M);
  for (var m = group.y * dim.span + (here >> dim.columns_log2); m < end; m += WORKGROUP >> dim.columns_log2) {
    let i = m * C + c;
    var value = gradient(dy[i], (x[m * (dim.x_pitch / WIDTH) + c] - mean) * invstd, all, scale);
    if (ADDEND && (dim.fused & 1) > 0) { value += addend[m * (dim.addend_pitch / WIDTH) + c]; }
    dx[i] = value;
  }
}
