import type { BenchRow } from "./bench.js";
import { digits, share, table } from "../profile/table.js";
import type { Roofline } from "../profile/roofline.js";

/** The rows as a table: for a terminal, or Markdown. `×` is how many times faster than the plain rung. */
export function benchTable(rows: readonly BenchRow[], markdown = false): string {
  const cells = rows.map((row) => {
    const { operator, shape, pass, rung, taken, time: { median, low, high }, flops, bandwidth, fraction, error } = row;
    const plain = rows.find((r) =>
      r.operator === operator && r.shape === shape && r.pass === pass && r.rung === "plain");
    return [
      operator, shape, pass, rung + (taken ? "" : " ·"),
      digits(1e3 * median), `${digits(50 * (high - low) / median)} %`,
      flops ? digits(flops / 1e9) : "", digits(bandwidth / 1e9), share(fraction),
      plain && rung !== "plain" ? digits(plain.time.median / median) : "",
      error === undefined ? "" : error.toExponential(1),
    ];
  });
  const head = ["operator", "shape", "pass", "rung", "ms", "±", "GFLOP/s", "GB/s", "roofline", "×", "error"];
  return table(head, cells, { left: 4, markdown });
}

/** What the columns mean, and what a share of the roofline is a share of. */
export function legend({ flops, bandwidth, dispatch, host, clock }: Roofline): string[] {
  return [
    `Roofline: ${digits(flops / 1e9)} GFLOP/s by multiply-adds out of registers, `
      + `${digits(bandwidth / 1e9)} GB/s copied, ${digits(1e6 * dispatch)} µs an empty dispatch; `
      + `the host takes ${digits(1e6 * host)} µs of each. Clock: ${clock}.`,
    "Medians of rounds in which all rungs take turns; ± is half the distance of the quartiles. "
      + "× : against the plain rung. error: largest difference from its results, of their largest element. "
      + "A dot marks rungs that a recording for this adapter does not take.",
  ];
}
