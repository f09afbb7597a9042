// 2-D average pooling.
//
//   y[n,p,q,c]  = Σ r,s  x[n,h,w,c] / count(p, q)
//   dx[n,h,w,c] = (Σ p,q dy[n,p,q,c] / count(p, q) + addend[n,h,w,c]) · f′(z[n,h,w,c])    over the windows that hold (h, w)
//   where  h = p·STRIDE_H + r − padding_h,  w = q·STRIDE_W + s − padding_w
//   and count is the number of window elements that lie on the input or, with COUNT_PAD, on its padding;
//   what ceil mode adds beyond the padding never counts, as in PyTorch
//
// addend where ADDEND, f′ by SLOPE where fuse.ts put them here. One invocation per WIDTH channels of a pixel written; tiled: of a window.
// Twin: test/reference/avg_pool2d.ts.

override STRIDE_H: u32 = 2;
override STRIDE_W: u32 = 2;
override WINDOWS_H: u32 = 1;  // windows that may hold a pixel: ⌈R / STRIDE_H⌉
override WINDOWS_W: u32 = 1;
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

/// Elements of a window along one axis that count, for the window that starts at `start`.
fn counted(start: i32, window: u32, extent: u32, padding: i32) -> i32 {
  let low = select(0, -padding, COUNT_PAD);
  let high = select(i32(extent), i32(extent) + padding, COUNT_PAD);
  return min(start + i32(window), high) - max(start, low);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn avg_pool2d_forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  let C = dim.C / WIDTH;
  if (i >= dim.N * dim.P * dim.Q * C) { return; }
  let at = place(i, dim.P, dim.Q, C);
  let top = i32(at.y * STRIDE_H) - dim.padding_h;
  let left = i32(at.z * STRIDE_W) - dim.padding_w;

  var sum = Value();
  for (var h = max(top, 0); h < min(top + i32(dim.R), i32(dim.H)); h++) {
    for (var w = max(left, 0); w < min(left + i32(dim.S), i32(dim.W)); w++) {
      sum += x[((at.x * dim.H + u32(h)) * dim.W + u32(w)) * C + at.w];
    }
  }
  y[i] = sum / f32(counted(top, dim.R, dim.H, dim.padding_h) * counted(left, dim.S, dim.W, dim.padding_w));
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn avg_pool2d_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let e = id.y * groups.x * WORKGROUP + id.x;
  let C = dim.C / WIDTH;
  if (e >= dim.N * dim.H * dim.W * C) { return; }
  let at = place(e, dim.H, dim.W, C);
  let h = i32(at.y);
  let w = i32(at.z);

  var sum = Value();
  for (var i = 0u; i < WINDOWS_H; i++) {
    let p = (h + dim.padding_h) / i32(STRIDE_H) - i32(i);  // the last window that holds h, the one before, …
    let top = p * i32(STRIDE_H) - dim.padding_h;
    if (p < 0 || p >= i32(dim.P) || h - top >= i32(dim.R)) { continue; }
    for (var j = 0u; j < WINDOWS_W; j++) {
      let q = (w + dim.padding_w) / i32(STRIDE_W) - i32(j);
      let left = q * i32(STRIDE_W) - dim.padding_w;
      if (q < 0 || q >= i32(dim.Q) || w - left >= i32(dim.S)) { continue; }
      let count = counted(top, dim.R, dim.H, dim.padding_h) * counted(left, dim.S, dim.W, dim.padding_w);
      sum += dy[((at.x * dim.P + u32(p)) * dim.Q + u32(q)) * C + at.w] / f32(count);
    }
  }
  if (ADDEND) { sum += addend[e]; }
  if (SLOPE > 0) { sum *= slope(z[e]); }
  dx[e] = sum;
}

/// Windows that tile the image: an invocation writes all pixels of one.
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
