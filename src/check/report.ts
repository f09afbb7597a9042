import { elements, type Shape } from "../gpu/recorder.js";

/** One fault or hint, with the place that shows it best. */
export interface Finding {
  readonly check: "value" | "gradient" | "bounds" | "race" | "loop" | "recording" | "coalescing";
  /** The tensor it shows in. */
  readonly tensor: string;
  /** Place in it, an index an axis, as the shader sees it. */
  readonly index?: readonly number[];
  readonly got?: number;
  readonly want?: number;
  /** Line of the kernel's source, if one is at fault. */
  readonly line?: number;
  readonly message: string;
}

/** What a check found. `String(report)` tells it. */
export interface Report {
  readonly ok: boolean;
  readonly layer: string;
  /** What was looked at: "24 elements of dx", … */
  readonly looked: readonly string[];
  readonly findings: readonly Finding[];
  /** What could not be looked at, and why: no fault, but no ✓ either. */
  readonly notes: readonly string[];
  /** Lines that are right, but slow on GPUs: neighbouring invocations read or write far apart. */
  readonly hints: readonly Finding[];
  /** A line of what was looked at, then one for each finding, note and hint. */
  toString(): string;
}

export function report(
  layer: string, looked: readonly string[], findings: readonly Finding[], notes: readonly string[] = [],
  hints: readonly Finding[] = [],
): Report {
  return {
    ok: !findings.length, layer, looked, findings, notes, hints,
    toString() {
      const mark = findings.length ? "✗" : notes.length ? "○" : "✓";
      const [faults, slow] = [findings, hints].map((all) => all.map(({ message }) => message));
      return [`${mark} ${layer}: ${looked.join(", ")}`, ...faults, ...notes, ...slow].join("\n  ");
    },
  };
}

/** All reports of a layer in one. */
export const joined = (reports: readonly Report[]): Report => report(
  reports[0].layer,
  reports.flatMap((r) => r.looked),
  reports.flatMap((r) => r.findings),
  reports.flatMap((r) => r.notes),
  reports.flatMap((r) => r.hints),
);

/** Place of element i, an index an axis. */
export const place = (i: number, shape: Shape): number[] =>
  shape.map((extent, a) => Math.floor(i / elements(shape.slice(a + 1))) % extent);

const digits = (v: number) => Number.isFinite(v) ? String(Number(v.toPrecision(6))) : String(v);

/** Elements of a tensor, by their numbers, what they are and what they should be. */
interface Compared {
  readonly tensor: string;
  readonly shape: Shape;
  readonly at: readonly number[];
  readonly got: ArrayLike<number>;
  readonly want: ArrayLike<number>;
}

/**
 * The worst of what is off by more than `tolerance` of the largest value, and by more than is `allowed` there besides;
 * told with its place, how many others there are, and where they lie.
 */
export function worst(
  check: Finding["check"], { tensor, shape, at, got, want }: Compared, tolerance: number,
  { allowed = () => 0, says = "expected" }: { allowed?: (k: number) => number; says?: string } = {},
): Finding[] {
  const scale = at.reduce((a, _, k) =>
    Math.max(a, Math.abs(want[k]) || 0, Number.isFinite(got[k]) ? Math.abs(got[k]) : 0), 0) || 1;
  const error = (k: number) => {
    const e = Math.abs(got[k] - want[k]) - allowed(k);
    return Number.isFinite(e) ? e : Infinity;
  };
  const wrong = at.map((_, k) => k).filter((k) => !(error(k) <= tolerance * scale)).sort((a, b) => error(b) - error(a));
  if (!wrong.length) return [];
  const [k] = wrong, index = place(at[k], shape), off = Math.abs(got[k] - want[k]);
  const strange = Number.isFinite(got[k]) && Number.isFinite(want[k]) ? ""
    : "; if the layer is not meant for such inputs, draw others: range: [low, high], such as [0.5, 2]";
  const zero = at.every((_, j) => got[j] === 0) ? "; every value is 0" : "";
  return [{
    check, tensor, index, got: got[k], want: want[k],
    message: `${tensor}[${index.join(", ")}] is ${digits(got[k])}, ${says} ${digits(want[k])}: `
      + `off by ${digits(off)}, ${digits(off / scale)} of the largest${zero}; `
      + `${wrong.length} of ${at.length} elements are off${where(wrong.map((j) => at[j]), at, shape)}${strange}`,
  }];
}

/** What the wrong elements have in common: "all of them at axis 1 = 0", where not all elements are. */
function where(wrong: readonly number[], all: readonly number[], shape: Shape): string {
  if (wrong.length < 2 || wrong.length === all.length) return "";
  const shared = shape.flatMap((extent, axis) => {
    const values = new Set(wrong.map((i) => place(i, shape)[axis]));
    return values.size < extent && values.size <= 2
      ? [`axis ${axis} = ${[...values].sort((a, b) => a - b).join(" or ")}`]
      : [];
  });
  return shared.length ? `, all at ${shared.join(", ")}` : "";
}
