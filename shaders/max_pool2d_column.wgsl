// 2-D max pooling where windows of three rows overlap: an invocation goes down a column and looks at each row once.
//
//   y, index, dx as in max_pool2d_wide.wgsl
//
// forward: the best of a row's taps serves all windows that hold the row; three rows make a window.
// backward, with a stride of 1 down the column: a row of dy gives three rows of dx their parts, of which
// the first is then complete. One invocation per four channels and up to `rows` rows of what is written: at
// 3×3 /1 and eight rows 3.75 loads an element instead of 9. The column rung: channels divisible by 4, R 3,
// STRIDE_H 1 or 2, DILATION_H 1. Grids are by rows (lib/rows.wgsl). Twin: test/reference/max_pool2d.ts.

// #import clock
// #import pooled
override WORKGROUP: u32 = 64;
override DILATION_W: u32 = 1;
override ADDEND: bool = false;

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // input
  P: u32, Q: u32,                  // output
  padding_h: i32, padding_w: i32,
  rows: u32,                       // of what is written, by an invocation
  stream: u32, threshold: u32, scale: f32,  // of a dropout behind forward
}
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<vec4f>;          // [N, H, W, C / 4]
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;    // [N, P, Q, C / 4]
@group(0) @binding(2) var<storage, read_write> index: array<u32>;  // [N, P, Q, C / 4]
@group(0) @binding(3) var<storage, read> dy: array<vec4f>;         // [N, P, Q, C / 4]
@group(0) @binding(4) var<storage, read> chosen: array<u32>;       // [N, P, Q, C / 4], what forward wrote to index
@group(0) @binding(5) var<storage, read_write> dx: array<vec4f>;   // [N, H, W, C / 4]
@group(0) @binding(6) var<storage, read> addend: array<vec4f>;     // [N, H, W, C / 4]
@group(0) @binding(7) var<storage, read> z: array<vec4f>;          // [N, H, W, C / 4]
@group(0) @binding(8) var<storage, read> clock: Clock;             // where DROP

// #import drop
// #import put
// #import rows

const SHIFTS = vec4u(0, 8, 16, 24);
const NONE = vec4u(255);

/// Winners among some taps; their tap is NONE where all lie in the padding.
struct Best { value: vec4f, tap: vec4u }

/// Winners among the taps of a and those of b, which come after them.
fn over(a: Best, b: Best) -> Best {
  let nan = (bitcast<vec4u>(b.value) & vec4u(0x7fffffff)) > vec4u(0x7f800000);
  let wins = (b.tap != NONE) & ((a.tap == NONE) | (b.value > a.value) | nan);
  return Best(select(a.value, b.value, wins), select(a.tap, b.tap, wins));
}

/// Winners among the taps of row 0, as taps of the window's row r.
fn in_row(a: Best, r: u32) -> Best { return Best(a.value, select(a.tap + r * S, NONE, a.tap == NONE)); }

@compute @workgroup_size(WORKGROUP, 1, 1)
fn max_pool2d_column_forward(
  @builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
) {
  let C = dim.C / 4;
  let at = place_by_row(id.x, group, groups, (dim.P + dim.rows - 1) / dim.rows, C);  // n, run, q, c / 4
  if (at.x >= dim.N || at.z >= dim.Q) { return; }
  let start = at.y * dim.rows;
  let turns = (min(dim.rows, dim.P - start) - 1) * STRIDE_H + 3;

  var a: Best; var b: Best; var c: Best;  // of the last three rows of x
  for (var t = 0u; t < turns; t++) {
    a = b;
    b = c;
    c = Best(vec4f(-3.4028234e38), NONE);
    let h = i32(start * STRIDE_H + t) - dim.padding_h;
    let on = h >= 0 && h < i32(dim.H);
    let row = (at.x * dim.H + u32(clamp(h, 0, i32(dim.H) - 1))) * dim.W * C + at.w;
    for (var s = 0u; s < S; s++) {
      let w = i32(at.z * STRIDE_W + s * DILATION_W) - dim.padding_w;
      let value = x[row + u32(clamp(w, 0, i32(dim.W) - 1)) * C];  // on padding the edge's, which cannot win
      c = over(c, Best(value, select(NONE, vec4u(s), on && w >= 0 && w < i32(dim.W))));
    }
    if (t < 2 || t % STRIDE_H != 0) { continue; }  // no window ends here
    var best = over(over(a, in_row(b, 1)), in_row(c, 2));
    let i = ((at.x * dim.P + start + (t - 2) / STRIDE_H) * dim.Q) * C + id.x;
    if (DROP) { best.value *= factors(i); }
    y[i] = best.value;
    let bytes = best.tap << SHIFTS;
    index[i] = bytes.x | bytes.y | bytes.z | bytes.w;
  }
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn max_pool2d_column_backward(
  @builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
) {
  let C = dim.C / 4;
  let at = place_by_row(id.x, group, groups, (dim.H + dim.rows - 1) / dim.rows, C);  // n, run, w, c / 4
  if (at.x >= dim.N || at.z >= dim.W) { return; }
  let start = at.y * dim.rows;
  let turns = min(dim.rows, dim.H - start) + 2;

  var next = vec4f(); var last = vec4f();  // what the next two rows of dx have so far
  for (var t = 0u; t < turns; t++) {
    let p = i32(start + t) + dim.padding_h - 2;
    let on = p >= 0 && p < i32(dim.P);
    let row = (at.x * dim.P + u32(clamp(p, 0, i32(dim.P) - 1))) * dim.Q;
    var sum = next;
    next = last;
    last = vec4f();
    for (var j = 0u; j < WINDOWS_W; j++) {
      let q = (i32(at.z) + dim.padding_w) / i32(STRIDE_W) - i32(j);
      let s = u32(i32(at.z) + dim.padding_w - q * i32(STRIDE_W));
      let hit = on && q >= 0 && q < i32(dim.Q) && s % DILATION_W == 0 && s / DILATION_W < S;
      let tap = vec4u(select(256, s / DILATION_W, hit));  // 256: of no tap
      let place = (row + u32(clamp(q, 0, i32(dim.Q) - 1))) * C + at.w;
      let bytes = (vec4u(chosen[place]) >> SHIFTS) & NONE;
      let d = dy[place];
      sum += select(vec4f(), d, bytes == tap);
      next += select(vec4f(), d, bytes == tap + S);
      last += select(vec4f(), d, bytes == tap + 2 * S);
    }
    if (t >= 2) { put((at.x * dim.H + start + t - 2) * dim.W * C + id.x, sum); }
  }
}
