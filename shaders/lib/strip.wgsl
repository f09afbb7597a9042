// Four neighbouring pixels of a row of dx, in their phase, × 16 channels, for conv2d_direct_input.wgsl and conv2d_vec4_input.wgsl.
override TAPS: u32 = 0;  // width of the window where the loop over it may be unrolled, with a stride of 1; else 0, and all windows share a text
/// Sums of channels c to c + 15: columns are channels, rows pixels, of which those from m to before `end` count.
struct Strip { sum: array<mat4x4f, 4>, c: u32, m: u32, end: u32 }

/// Adds 4 filters of 4 channels, which four lanes hold, to the sums of those channels. Columns of v are filters, its rows pixels.
fn along(sum: mat4x4f, v: mat4x4f, u_0: vec4f, u_1: vec4f, u_2: vec4f, u_3: vec4f) -> mat4x4f {
  return mat4x4f(
    sum[0] + v[0] * u_0.x + v[1] * u_0.y + v[2] * u_0.z + v[3] * u_0.w,
    sum[1] + v[0] * u_1.x + v[1] * u_1.y + v[2] * u_1.z + v[3] * u_1.w,
    sum[2] + v[0] * u_2.x + v[1] * u_2.y + v[2] * u_2.z + v[3] * u_2.w,
    sum[3] + v[0] * u_3.x + v[1] * u_3.y + v[2] * u_3.z + v[3] * u_3.w);
}

fn along_lower(sum: mat4x4f, v: mat4x4f, held: vec4f) -> mat4x4f {
  return along(sum, v, subgroupBroadcast(held, 0u), subgroupBroadcast(held, 1u), subgroupBroadcast(held, 2u), subgroupBroadcast(held, 3u));
}

fn along_upper(sum: mat4x4f, v: mat4x4f, held: vec4f) -> mat4x4f {
  return along(sum, v, subgroupBroadcast(held, UPPER), subgroupBroadcast(held, UPPER + 1), subgroupBroadcast(held, UPPER + 2), subgroupBroadcast(held, UPPER + 3));
}

fn strip(t: u32, z: u32, lane: u32) -> Strip {
  let phases = STRIDE_H * STRIDE_W;
  let phase = vec2u(z % phases / STRIDE_W, z % phases % STRIDE_W);     // of the pixels (h, w) computed here
  let stride = vec2u(STRIDE_H, STRIDE_W);
  let size = (vec2u(dim.H, dim.W) + stride - 1 - phase) / stride;      // rows and columns of this phase
  let c0 = 16 * (z / phases);
  let K4 = i32(dim.K / 4);
  let pitch = i32(dim.dy_pitch / 4);
  let quads = (size.y + 3) / 4;                                        // of pixels in a row
  let at = min(t, max(dim.N * size.x * quads, 1u) - 1);
  let w = at % quads * 4;
  let h = at / quads % size.x;
  let image = at / (quads * size.x);
  let mine = vec4u(c0 + lane % 8, c0 + 8 + lane % 8, c0 + 4 + lane % 4, c0 + 12 + lane % 4);  // with 4 lanes, each loads four channels
  let rows = min(mine, vec4u(dim.C - 1));

  let S = i32(select(TAPS, dim.S, TAPS == 0));
  // The pixel i of a phase takes dy[i + d] by tap s where STRIDE · d = phase + padding − DILATION · s.
  let reach = vec2i(phase) + vec2i(dim.padding_h, dim.padding_w);
  let first = reach.y - (S - 1) * i32(DILATION_W) + S * i32(DILATION_W * STRIDE_W);  // a multiple of the stride higher, and so not negative
  let start = (first + i32(STRIDE_W) - 1) / i32(STRIDE_W) - S * i32(DILATION_W);
  let steps = select(reach.y / i32(STRIDE_W) - start + 1, (S - 1) * i32(DILATION_W) + 1, STRIDE_W == 1);
  var a = mat4x4f(); var b = mat4x4f(); var c = mat4x4f(); var d = mat4x4f();  // columns are channels, rows pixels
  for (var r = 0; r < i32(dim.R); r++) {
    let over = reach.x - r * i32(DILATION_H);
    if (over % i32(STRIDE_H) != 0) { continue; }  // reaches no pixel of this phase
    let p = i32(h) + over / i32(STRIDE_H);
    let width = select(0u, dim.Q, p >= 0 && p < i32(dim.P));  // nothing lies on a row outside the output
    let row = (i32(image * dim.P) + p) * i32(dim.Q) * pitch + i32(dim.dy_offset / 4);
    for (var k = 0; k < K4; k++) {
      var q = i32(w) + start;
      var v_0 = vec4f(); var v_1 = vec4f(); var v_2 = vec4f();
      if (u32(q) < width) { v_0 = dy[row + q * pitch + k]; }
      if (u32(q + 1) < width) { v_1 = dy[row + (q + 1) * pitch + k]; }
      if (u32(q + 2) < width) { v_2 = dy[row + (q + 2) * pitch + k]; }
      q += 2;
      for (var i = 0; i < steps; i++) {
        let offset = start + i;
        q++;
        var v_3 = vec4f();
        if (u32(q) < width) { v_3 = dy[row + q * pitch + k]; }
        let tap = reach.y - offset * i32(STRIDE_W);
        if (tap % i32(DILATION_W) == 0) {
          let j = u32(r * S + tap / i32(DILATION_W)) * dim.C;
          let held = weight[i32(j + rows.x) * K4 + k];
          var next = held;
          if (LANES < 8) { next = weight[i32(j + rows.z) * K4 + k]; }
          let v = transpose(mat4x4f(v_0, v_1, v_2, v_3));
          a = along_lower(a, v, held);
          b = along_upper(b, v, next);
          if (!HALF) {
            let more = weight[i32(j + rows.y) * K4 + k];
            var last = more;
            if (LANES < 8) { last = weight[i32(j + rows.w) * K4 + k]; }
            c = along_lower(c, v, more);
            d = along_upper(d, v, last);
          }
        }
        v_0 = v_1; v_1 = v_2; v_2 = v_3;
      }
    }
  }
  let m = (image * dim.H + h * STRIDE_H + phase.x) * dim.W + w * STRIDE_W + phase.y;
  let count = select(0u, min(size.y - w, 4u), t == at && all(size > vec2u()));
  return Strip(array<mat4x4f, 4>(a, b, c, d), c0, m, m + count * STRIDE_W);
}
