// 2-D average pooling.
//
//   y[n,p,q,c]  = Σ r,s  x[n,h,w,c] / count(p, q)
//   dx[n,h,w,c] = (Σ p,q dy[n,p,q,c] / count(p, q) + addend[n,h,w,c]) · f′(z[n,h,w,c])    over the windows that hold (h, w)
//   where  h = p·STRIDE_H + r − padding_h,  w = q·STRIDE_W + s − padding_w
//   and count is the number of window elements that lie on the input or, with COUNT_PAD, on its padding;
//   what ceil mode adds beyond the padding never counts, as in PyTorch
//
// addend where ADDEND, f′ by SLOPE where fuse.ts put them here. One invocation per WIDTH channels of a pixel of y; backward: of a block of x.
// Twin: test/reference/avg_pool2d.ts.

// #import pooled
override WORKGROUP: u32 = 64;
override COUNT_PAD: bool = true;
override ADDEND: bool = false;

struct Params {
  N: u32, H: u32, W: u32, C: u32,  // input
  P: u32, Q: u32,                  // output
  padding_h: i32, padding_w: i32,
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

/// Elements of window i along one axis that count.
fn counted(i: u32, stride: u32, window: u32, extent: u32, padding: i32) -> i32 {
  let start = i32(i * stride) - padding;
  let margin = select(0, padding, COUNT_PAD);
  return min(start + i32(window), i32(extent) + margin) - max(start, -margin);
}

fn count(p: u32, q: u32) -> f32 { return f32(counted(p, STRIDE_H, R, dim.H, dim.padding_h) * counted(q, STRIDE_W, S, dim.W, dim.padding_w)); }

@compute @workgroup_size(WORKGROUP, 1, 1)
fn avg_pool2d_forward(@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let C = dim.C / WIDTH;
  let at = place(id.x, group, groups, dim.P, C);
  if (at.x >= dim.N || at.z >= dim.Q) { return; }
  var sum = Value();
  for (var r = 0u; r < R; r++) {
    let h = at.y * STRIDE_H + r - u32(dim.padding_h);  // far above H, if before the first; so is w
    for (var s = 0u; s < S; s++) {
      let w = at.z * STRIDE_W + s - u32(dim.padding_w);
      let d = x[((at.x * dim.H + min(h, dim.H - 1)) * dim.W + min(w, dim.W - 1)) * C + at.w];
      if (h < dim.H && w < dim.W) { sum += d; }
    }
  }
  y[((at.x * dim.P + at.y) * dim.Q + at.z) * C + at.w] = sum / count(at.y, at.z);
}

/// The same windows hold all STRIDE_H × STRIDE_W pixels of a block: an invocation writes these.
@compute @workgroup_size(WORKGROUP, 1, 1)
fn avg_pool2d_backward(@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let C = dim.C / WIDTH;
  let at = place(id.x, group, groups, blocks(), C);
  if (at.x >= dim.N) { return; }
  for (var u = 0u; u < STRIDE_H; u++) {
    let h = at.y * STRIDE_H + u - u32(dim.padding_h);  // far above H, if before the first; so are w, p and q
    for (var v = 0u; v < STRIDE_W; v++) {
      let w = at.z * STRIDE_W + v - u32(dim.padding_w);
      if (h >= dim.H || w >= dim.W) { continue; }
      var sum = Value();
      for (var i = 0u; i < WINDOWS_H; i++) {
        let p = at.y - i;
        for (var j = 0u; j < WINDOWS_W; j++) {
          let q = at.z - j;
          let d = dy[((at.x * dim.P + min(p, dim.P - 1)) * dim.Q + min(q, dim.Q - 1)) * C + at.w];
          if (i * STRIDE_H + u < R && j * STRIDE_W + v < S && p < dim.P && q < dim.Q) { sum += d / count(p, q); }
        }
      }
      let e = ((at.x * dim.H + h) * dim.W + w) * C + at.w;
      if (ADDEND) { sum += addend[e]; }
      if (SLOPE > 0) { sum *= slope(z[e]); }
      dx[e] = sum;
    }
  }
}
