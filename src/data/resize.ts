/**
 * Bilinear resize of images [N, C, H, W] to P × Q, as shaders/batch.wgsl does it for data sets: PyTorch's
 * align_corners=False.
 */
export function resizeImages(
  images: Float32Array, [, H, W]: readonly number[], [P, Q]: readonly [number, number],
): Float32Array<ArrayBuffer> {
  const planes = images.length / (H * W), out = new Float32Array(planes * P * Q);
  const taps = (extent: number, count: number) => Array.from({ length: count }, (_, i) => {
    const at = Math.max(0, (i + 0.5) * extent / count - 0.5), first = Math.floor(at);
    return { first, second: Math.min(first + 1, extent - 1), share: at - first };
  });
  const rows = taps(H, P), columns = taps(W, Q);
  for (let plane = 0, o = 0; plane < planes; plane++) for (const h of rows) for (const w of columns) {
    const at = (r: number, c: number) => images[(plane * H + r) * W + c];
    const above = at(h.first, w.first) * (1 - w.share) + at(h.first, w.second) * w.share;
    const below = at(h.second, w.first) * (1 - w.share) + at(h.second, w.second) * w.share;
    out[o++] = above * (1 - h.share) + below * h.share;
  }
  return out;
}
