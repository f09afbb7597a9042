// A drawing or a photograph as the data set's images are: one object, light on black, as large as the frame, in its
// middle.
const INK = 24;  // of 255: what stands out from the ground

/**
 * Makes `side` × `side` grey bytes of RGBA pixels. The ground is the median of the border; where it is light, the image
 * is inverted.
 */
export function fit(rgba: Uint8ClampedArray, width: number, height: number, side: number): Uint8Array<ArrayBuffer> {
  const light = Float32Array.from({ length: width * height }, (_, i) => {
    const [r, g, b, a] = rgba.subarray(4 * i, 4 * i + 4);
    return (0.299 * r + 0.587 * g + 0.114 * b) * a / 255;
  });
  const border = [...light]
    .filter((_, i) => i % width === 0 || i % width === width - 1 || i < width || i >= width * (height - 1))
    .sort((a, b) => a - b);
  const ground = border[border.length >> 1], inverse = ground > 127, base = inverse ? 255 - ground : ground;
  const ink = light.map((v) => Math.max(0, (inverse ? 255 - v : v) - base) * 255 / (255 - base));

  let [left, top, right, bottom] = [width, height, -1, -1];
  ink.forEach((v, i) => {
    if (v < INK) return;
    const x = i % width, y = Math.floor(i / width);
    [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
  });
  const out = new Uint8Array(side * side);
  if (right < 0) return out;  // nothing there

  // Each pixel is the mean of the square of the image that it covers.
  const extent = Math.max(right - left + 1, bottom - top + 1), scale = extent / side;
  const x0 = (left + right + 1 - extent) / 2, y0 = (top + bottom + 1 - extent) / 2;
  for (let v = 0; v < side; v++) for (let u = 0; u < side; u++) {
    let sum = 0, weight = 0;
    const [xa, xb, ya, yb] = [x0 + u * scale, x0 + (u + 1) * scale, y0 + v * scale, y0 + (v + 1) * scale];
    for (let y = Math.floor(ya); y < yb; y++) for (let x = Math.floor(xa); x < xb; x++) {
      const share = (Math.min(xb, x + 1) - Math.max(xa, x)) * (Math.min(yb, y + 1) - Math.max(ya, y));
      weight += share;
      if (x >= left && x <= right && y >= top && y <= bottom) sum += share * ink[y * width + x];
    }
    out[v * side + u] = Math.round(sum / weight);
  }
  return out;
}
