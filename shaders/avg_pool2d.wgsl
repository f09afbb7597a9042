// 2-D average pooling.
//
//   y[n,p,q,c]  = Σ r,s  x[n,h,w,c] / count(p, q)
//   dx[n,h,w,c] = (Σ p,q dy[n,p,q,c] / count(p, q) + addend[n,h,w,c]) · f′(z[n,h,w,c])
//                  over the windows that hold (h, w)
//   where  h = p·STRIDE_H + r − padding_h,  w = q·STRIDE_W + s − padding_w
//   and count is the number of window elements that lie on the input or, with COUNT_PAD, on its padding;
//   what ceil mode adds beyond the padding never counts, as in PyTorch
//
// addend and f′ are there where fuse.ts has put them (ADDEND, SLOPE). One invocation per WIDTH channels of a
// pixel written; tiled, where windows tile the image, of a pixel of dy. Twin: test/reference/avg_pool2d.ts.

override STRIDE_H: u32 = 2;
override STRIDE_W: u32 = 2;
override WORKGROUP: u32 = 64;
override COUNT_PAD: bool = true;
override ADDEND: bool = false;

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // input
  P: u32, Q: u32,                  // output
  padding_h: i32, padding_w: i32,
  R: u32, S: u32,                  // window: all sizes share a text, and its loops compile fast
}
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<Value>;         // [N, H, W, C]
@group(0) @binding(1) var<storage, read_write> y: array<Value>;   // [N, P, Q, C]
@group(0) @binding(2) var<storage, read> dy: array<Value>;        // [N, P, Q, C]
@group(0) @binding(3) var<storage, read_write> dx: array<Value>;  // [N, H, W, C]
@group(0) @binding(4) var<storage, read> addend: array<Value>;    // [N, H, W, C]
@group(0) @binding(5) var<storage, read> z: array<Value>;         // [N, H, W, C]

// #import place
// #import slope

/// Elements that count of the window that starts at `start`.
fn counted(start: vec2i) -> f32 {
  // What counts begins at `low`, and ends as far beyond the image.
  let low = select(vec2i(), -vec2i(dim.padding_h, dim.padding_w), COUNT_PAD);
  let size = min(start + vec2i(vec2u(dim.R, dim.S)), vec2i(vec2u(dim.H, dim.W)) - low) - max(start, low);
  return f32(size.x * size.y);
}

/// The first and the last p along an axis with p · stride ≤ i + padding < p · stride + window: they hold element i.
fn holding(i: u32, window: u32, stride: u32, padding: i32, windows: u32) -> vec2i {
  let end = i32(i) + padding;
  return vec2i(max(end - i32(window) + i32(stride), 0) / i32(stride), min(end / i32(stride), i32(windows) - 1));
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn avg_pool2d_forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  let C = dim.C / WIDTH;
  if (i >= dim.N * dim.P * dim.Q * C) { return; }
  let at = place(i, dim.P, dim.Q, C);  // n, p, q, c / WIDTH
  let start = vec2i(i32(at.y * STRIDE_H) - dim.padding_h, i32(at.z * STRIDE_W) - dim.padding_w);

  var sum = Value();
  for (var h = max(start.x, 0); h < min(start.x + i32(dim.R), i32(dim.H)); h++) {
    for (var w = max(start.y, 0); w < min(start.y + i32(dim.S), i32(dim.W)); w++) {
      sum += x[((at.x * dim.H + u32(h)) * dim.W + u32(w)) * C + at.w];
    }
  }
  y[i] = sum / counted(start);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn avg_pool2d_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  let C = dim.C / WIDTH;
  if (i >= dim.N * dim.H * dim.W * C) { return; }
  let at = place(i, dim.H, dim.W, C);  // n, h, w, c / WIDTH
  let rows = holding(at.y, dim.R, STRIDE_H, dim.padding_h, dim.P);
  let columns = holding(at.z, dim.S, STRIDE_W, dim.padding_w, dim.Q);

  var sum = Value();
  for (var p = rows.x; p <= rows.y; p++) {
    for (var q = columns.x; q <= columns.y; q++) {
      let window = vec2i(p * i32(STRIDE_H) - dim.padding_h, q * i32(STRIDE_W) - dim.padding_w);
      sum += dy[((at.x * dim.P + u32(p)) * dim.Q + u32(q)) * C + at.w] / counted(window);
    }
  }
  if (ADDEND) { sum += addend[i]; }
  if (SLOPE > 0) { sum *= slope(z[i]); }
  dx[i] = sum;
}

/// Where windows tile the image: an invocation writes all pixels of one.
@compute @workgroup_size(WORKGROUP, 1, 1)
fn avg_pool2d_tiled(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  let C = dim.C / WIDTH;
  if (i >= dim.N * dim.P * dim.Q * C) { return; }
  let at = place(i, dim.P, dim.Q, C);
  let d = dy[i] / f32(dim.R * dim.S);
  for (var r = 0u; r < dim.R; r++) {
    for (var s = 0u; s < dim.S; s++) {
      let e = ((at.x * dim.H + at.y * dim.R + r) * dim.W + at.z * dim.S + s) * C + at.w;
      var v = d;
      if (ADDEND) { v += addend[e]; }
      if (SLOPE > 0) { v *= slope(z[e]); }
      dx[e] = v;
    }
  }
}
