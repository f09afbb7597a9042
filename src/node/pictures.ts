import type { Dataset } from "../data/dataset.js";
import type { Prediction } from "../train/inference.js";
import { percent, type Terminal } from "./terminal.js";

const COLUMNS = 14, GAP = 1, RAMP = " .:-=+*#%@";

/** Mean brightness, 0 to 1, of the cells of a grid that is laid over an image of one channel. */
function shrink(pixels: Uint8Array, height: number, width: number, rows: number, columns: number): number[][] {
  return Array.from({ length: rows }, (_, r) => Array.from({ length: columns }, (_, c) => {
    const top = Math.floor(r * height / rows), bottom = Math.max(top + 1, Math.floor((r + 1) * height / rows));
    const left = Math.floor(c * width / columns), right = Math.max(left + 1, Math.floor((c + 1) * width / columns));
    let sum = 0;
    for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) sum += pixels[y * width + x];
    return sum / 255 / ((bottom - top) * (right - left));
  }));
}

/** An image as lines of text: two pixels a character in shades of grey, or, without colours, a ramp of characters. */
export function picture(pixels: Uint8Array, height: number, width: number, colors: boolean): string[] {
  const rows = COLUMNS >> 1;
  if (!colors) {
    const shade = (v: number) => RAMP[Math.min(9, Math.floor(10 * v))];
    return shrink(pixels, height, width, rows, COLUMNS).map((row) => row.map(shade).join(""));
  }
  const cells = shrink(pixels, height, width, 2 * rows, COLUMNS);
  const grey = (v: number) => 232 + Math.min(23, Math.floor(24 * v));
  return Array.from({ length: rows }, (_, r) => cells[2 * r]
    .map((v, c) => `\x1b[38;5;${grey(v)};48;5;${grey(cells[2 * r + 1][c])}m▀`)
    .join("") + "\x1b[0m");
}

/** Mean of the channels, which lie last. */
const grey = (pixels: Uint8Array, channels: number) => channels === 1 ? pixels
  : Uint8Array.from({ length: pixels.length / channels }, (_, i) =>
    pixels.subarray(i * channels, (i + 1) * channels).reduce((sum, v) => sum + v, 0) / channels);

/**
 * The first images of a set beside one another, with what the network takes each for.
 * Mistakes are marked by a sign and a word.
 */
export function gallery(data: Dataset, predictions: readonly Prediction[], terminal: Terminal): string[] {
  const [channels, height, width] = data.shape, size = data.images.length / data.size, lines: string[] = [];
  const each = Math.max(1, Math.floor((Math.min(terminal.width, 80) + GAP) / (COLUMNS + GAP))), gap = " ".repeat(GAP);
  const cell = (text: string) => text.slice(0, COLUMNS).padEnd(COLUMNS);
  for (let from = 0; from < predictions.length; from += each) {
    const row = predictions.slice(from, from + each).map(({ label, probabilities }, k) => {
      const i = from + k, right = label === data.labels[i], name = (c: number) => data.classes[c] ?? String(c);
      const pixels = grey(data.images.subarray(i * size, (i + 1) * size), channels);
      return {
        image: picture(pixels, height, width, terminal.colors(256)),
        said: terminal.style(right ? "green" : ["red", "bold"], cell(`${right ? "✓" : "✗"} ${name(label)}`)),
        truth: terminal.style("dim", cell(right ? `  ${percent(probabilities[label])}` : `is ${name(data.labels[i])}`)),
      };
    });
    for (let line = 0; line < COLUMNS >> 1; line++) lines.push(row.map((r) => r.image[line]).join(gap));
    lines.push(row.map((r) => r.said).join(gap).trimEnd(), row.map((r) => r.truth).join(gap).trimEnd(), "");
  }
  return lines;
}
