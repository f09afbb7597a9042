/** A table as text: padded for a terminal, or Markdown. The first `left` columns hold words, all others numbers. */
export function table(
  head: readonly string[], rows: readonly (readonly string[])[],
  { left = 1, markdown = false }: { left?: number; markdown?: boolean } = {},
): string {
  if (markdown) {
    const rule = head.map((_, i) => i < left ? "---" : "---:");
    return [head, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  }
  const width = head.map((cell, i) => Math.max(cell.length, ...rows.map((row) => row[i].length)));
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => i < left ? cell.padEnd(width[i]) : cell.padStart(width[i])).join("  ").trimEnd();
  return [line(head), width.map((n) => "─".repeat(n)).join("──"), ...rows.map(line)].join("\n");
}

/** Three digits that matter: "0.00123", "4.56", "789", "12,345"; a dash for what there is not. */
export function digits(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return "-";
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)));
}

/** "37 %", "0.42 %". */
export const share = (value: number | undefined): string =>
  value === undefined || !Number.isFinite(value) ? "-" : `${Number((100 * value).toPrecision(value >= 1 ? 3 : 2))} %`;
