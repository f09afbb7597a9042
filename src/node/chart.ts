// Bit of a braille character for each of its 2 × 4 dots, row by row: U+2800 + bits.
const DOTS = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]] as const;

interface ChartOptions {
  /** Characters, axis labels included. */
  width: number;
  height?: number;
  /** Above the vertical axis. */
  title: string;
  /** Below the horizontal axis, at its left and right end. */
  from: string;
  to: string;
}

/**
 * A curve in braille dots.
 * Where there are more values than dots, a dot is their mean, and the line between neighbours is drawn.
 */
export function chart(values: readonly number[], { width, height = 8, title, from, to }: ChartOptions): string[] {
  if (!values.length) return [];
  const columns = Math.max(2, width - 9), across = Math.min(values.length, 2 * columns), down = 4 * height;
  const means = Array.from({ length: across }, (_, i) => {
    const part = values.slice(Math.floor(i * values.length / across), Math.floor((i + 1) * values.length / across));
    return part.reduce((a, b) => a + b, 0) / part.length;
  });
  const low = Math.min(...means), high = Math.max(...means), span = high - low || 1;
  const cells = Array.from({ length: height }, () => new Uint8Array(columns));
  const x = (i: number) => across === 1 ? 0 : Math.round(i * (2 * columns - 1) / (across - 1));
  const y = (v: number) => Math.round((high - v) / span * (down - 1));
  const dot = (column: number, row: number) => { cells[row >> 2][column >> 1] |= DOTS[row & 3][column & 1]; };

  for (let i = 0; i < across; i++) {
    dot(x(i), y(means[i]));
    if (!i) continue;
    const steps = Math.max(x(i) - x(i - 1), Math.abs(y(means[i]) - y(means[i - 1])));
    for (let k = 1; k < steps; k++) {
      const t = k / steps;
      dot(
        Math.round(x(i - 1) + t * (x(i) - x(i - 1))),
        Math.round(y(means[i - 1]) + t * (y(means[i]) - y(means[i - 1]))),
      );
    }
  }
  const label = (row: number) => row === 0 ? high
    : row === height - 1 ? high - span
    : row === height >> 1 ? high - span * (4 * row + 1.5) / (down - 1)
    : undefined;
  const dots = (row: Uint8Array) => Array.from(row, (bits) => String.fromCharCode(0x2800 + bits)).join("");
  return [
    `${title.padStart(7)}`,
    ...cells.map((row, r) =>
      `${(label(r)?.toFixed(3) ?? "").padStart(7)} ${label(r) === undefined ? "│" : "┤"}${dots(row)}`),
    `${" ".repeat(8)}└${"─".repeat(columns)}`,
    `${" ".repeat(9)}${from}${to.padStart(columns - from.length)}`,
  ];
}
