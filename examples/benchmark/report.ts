// What was measured, as data and as text. The data are what `convoy bench --json` writes, so both can be compared.
import { FormatError, type Adapter } from "convoy-gpu";
import { benchTable, digits, legend, type BenchRow, type Roofline } from "convoy-gpu/bench";
import type { Profiled } from "./protocol.js";

export interface Report {
  readonly adapter: Adapter;
  readonly roofline: Roofline;
  readonly rows: readonly BenchRow[];
  readonly profile?: Profiled;
}

/** The same measurement on another device has the same key. */
export const keyOf = ({ operator, shape, pass, rung }: BenchRow) => [operator, shape, pass, rung].join("\n");

export const toJson = (report: Report) => `${JSON.stringify(report, undefined, 1)}\n`;

const isObject = (of: unknown): of is Readonly<Record<string, unknown>> => typeof of === "object" && of !== null;
/** Whether an object has numbers above 0, or at least 0 where they are listed in `zero`, at all these names. */
const numbers = (of: unknown, names: readonly string[], zero: readonly string[] = []) =>
  isObject(of) && [...names, ...zero].every((name) => {
    const value = of[name];
    return typeof value === "number" && Number.isFinite(value) && (value > 0 || (value === 0 && zero.includes(name)));
  });
const words = (of: unknown, names: readonly string[]) =>
  isObject(of) && names.every((name) => typeof of[name] === "string");
/** Whether a row has all that the table, the chart and the report show of it. */
const complete = (row: BenchRow) => words(row, ["operator", "shape", "pass", "rung"])
  && numbers(row.time, ["median"], ["low", "high"]) && numbers(row, ["bandwidth", "fraction"], ["flops"]);

/** Reads a report. Throws a FormatError that says what is missing. */
export function parseReport(text: string, name: string): Report {
  const refuse = (why: string, cause?: unknown): never => {
    const advice = 'save one on this page, or with "npm run bench -- --json FILE"';
    throw new FormatError(`${name} is no report: ${why}; ${advice}`, { name }, cause);
  };
  let found: Partial<Report> | null = null;
  try { found = JSON.parse(text) as Partial<Report> | null; } catch (cause) { refuse("it is not JSON", cause); }
  const { adapter, roofline, rows, profile } = found ?? {};
  if (!adapter || !words(adapter, ["name"])) return refuse("it names no adapter");
  if (!roofline || !numbers(roofline, ["flops", "bandwidth", "dispatch"], ["host"]) || !words(roofline, ["clock"])) {
    return refuse("it has no roofline");
  }
  if (!Array.isArray(rows)) return refuse("it has no rows");
  const bad = rows.findIndex((row: BenchRow) => !complete(row));
  if (bad >= 0) return refuse(`row ${bad + 1} is incomplete`);
  const named = profile && words(profile, ["network", "adapter"]);
  const whole = named && numbers(profile, ["batch", "step", "seconds"]) ? profile : undefined;
  return { adapter, roofline, rows, ...whole && { profile: whole } };
}

/** All of it as Markdown; with another device's report, what both measured side by side. */
export function toMarkdown({ adapter, roofline, rows, profile }: Report, other?: Report): string {
  const parts = [`# ${adapter.name}`, ...legend(roofline)];
  if (rows.length) parts.push(benchTable(rows, true));
  if (profile) parts.push(`## A training step of ${profile.network}`, `\`\`\`\n${profile.text}\n\`\`\``);
  if (other) parts.push(`## Beside ${other.adapter.name}`, side(rows, other));
  return `${parts.join("\n\n")}\n`;
}

function side(rows: readonly BenchRow[], { adapter, rows: theirs }: Report): string {
  const found = new Map(theirs.map((row) => [keyOf(row), row])), both = rows.filter((row) => found.has(keyOf(row)));
  if (!both.length) return "Nothing was measured on both.";
  const lines = both.map((row) => {
    const mine = row.time.median, { median } = found.get(keyOf(row))!.time;
    const times = [digits(1e3 * mine), digits(1e3 * median), digits(median / mine)];
    return `| ${[row.operator, row.shape, row.pass, row.rung, ...times].join(" | ")} |`;
  });
  return [
    `| operator | shape | pass | rung | ms | ms on ${adapter.name} | × |`,
    "| --- | --- | --- | --- | ---: | ---: | ---: |",
    ...lines,
  ].join("\n");
}
