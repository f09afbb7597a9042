import { root, touched, type Arena, type Fusing, type Step, type Tensor } from "./gpu/recorder.js";

type Overrides = Step["overrides"];

/**
 * Makes one step of two where the second is simple and nobody else reads what the first hands it. The arithmetic and
 * its order, and so the bits, stay the same. What a kernel can take over is told by its overrides and bindings, which
 * are off until fuse() turns them on:
 *   ACTIVATION, output y:     y = f(…)                  an activation behind it
 *   ADDEND, binding addend:   what it writes + addend   a sum behind it, before any ACTIVATION or SLOPE
 *   SLOPE, binding z:         (…) · f′(z)               an activation's backward behind it
 *   TERMS, bindings a … d:    a + b + c + d             a sum's other terms
 *   DROP, binding clock:      y · what is drawn         a dropout behind it
 *   SCALED, binding bias:     y · factor + term         a batch normalisation by running statistics behind it
 *   y_pitch, x_pitch, …:      rows of that tensor are channels of a longer row; then no concatenation runs
 * `others` is what the network's layers add to this (Layer.fusing), `lasting` the arenas of its parameters and running
 * statistics.
 */
export function fuse(
  recorded: readonly Step[], others: Iterable<Fusing> = [], lasting: readonly Arena[] = [],
): readonly Step[] {
  const steps = [...others].reduce((all, { before }) => before?.(all, lasting) ?? all, recorded);
  const fused: (Step | undefined)[] = [...steps];
  const made = new Map<Tensor, number>(), readers = new Map<Tensor, number[]>();
  steps.forEach((step, i) => {
    for (const t of touched(step, "read")) readers.set(t, [...readers.get(t) ?? [], i]);
  });

  /** Where t is written, if one step alone reads it; else −1. */
  const maker = (t: Tensor) => readers.get(root(t))?.length === 1 ? made.get(root(t)) ?? -1 : -1;
  const put = (i: number, step: Step) => {
    fused[i] = step;
    for (const t of touched(step, "read_write")) made.set(t, i);
  };
  /** Step `at` gets these tensors, overrides and params, and goes to place i. */
  function become(
    at: number, { tensors, overrides, params }: Pick<Step, "tensors" | "overrides"> & Partial<Step>, i = at,
  ): void {
    const before = fused[at]!;
    fused[at] = undefined;
    put(i, {
      ...before,
      params: { ...before.params, ...params },
      tensors: { ...before.tensors, ...tensors },
      overrides: { ...before.overrides, ...overrides },
    });
  }

  /** Whether the kernel of step `at` has one text, with or without a sum behind it. */
  function shares(at: number): boolean { return "fused" in fused[at]!.kernel.params; }

  /** A sum of two: into what makes one of them, once the other is there; or with the sum that makes one of them. */
  function added(i: number): boolean {
    const { a, b, y } = fused[i]!.tensors;
    if (root(a) === root(b)) return false;
    const terms = [a, b].map((t, k) => ({ t, other: [b, a][k], at: maker(t) })).filter(({ at }) => at >= 0)
      .sort((p, q) => Number(shares(q.at)) - Number(shares(p.at)) || q.at - p.at);
    for (const { t, other, at } of terms) {
      const before = fused[at]!, output = written(before, t);
      if (!output) continue;
      if (
        takes(before, "ADDEND", "addend")
        && !before.overrides.ACTIVATION && !before.overrides.SLOPE && !before.overrides.DROP
      ) {
        const ready = (made.get(root(other)) ?? -1) < at;
        if (!ready && fused.slice(at + 1, i)
          .some((s) => s && touched(s, "read").some((r) => made.get(r) === at))) continue;
        fused[i] = undefined;
        become(at, { tensors: { [output]: y, addend: other }, overrides: { ADDEND: 1 } }, ready ? at : i);
        return true;
      }
    }
    const first = maker(a), before = fused[first];
    if (
      !before || before.kernel !== fused[i]!.kernel || before.overrides.TERMS > 3
      || before.overrides.ACTIVATION || before.overrides.SLOPE
    ) return false;
    const { TERMS } = before.overrides;
    become(first, { tensors: { y, d: b, ...TERMS === 2 && { c: b } }, overrides: { TERMS: TERMS + 1 } }, i);
    return true;
  }

  steps.forEach((step, i) => {
    const { kernel: { entry, overrides: none }, tensors: t, overrides: { ACTIVATION, SLOPE, ALPHA, THRESHOLD } } = step;
    if (entry === "activation_forward") {
      const at = maker(t.x), before = fused[at];
      if (
        before && before.overrides.ACTIVATION === 0 && before.kernel.entry !== entry
        && root(before.tensors.y ?? t.y) === root(t.x) && !before.overrides.SLOPE && !before.overrides.DROP
      ) {
        fused[i] = undefined;
        return become(at, { tensors: { y: t.y }, overrides: { ACTIVATION, ALPHA, THRESHOLD } });
      }
    } else if (entry === "activation_backward" || entry === "concat_backward" && SLOPE) {
      const at = maker(t.dy), before = fused[at], output = before && written(before, t.dy);
      if (output && takes(before, "SLOPE", "z") && !before.overrides.ACTIVATION) {
        fused[i] = t.dx
          ? undefined
          : { ...step, tensors: { ...t, z: t.dy }, overrides: { ...none, WIDTH: step.overrides.WIDTH } };
        become(at, { tensors: { [output]: t.dx ?? t.dy, z: t.z }, overrides: { SLOPE, ALPHA, THRESHOLD } });
        if (t.dx) return;
      }
    } else if (entry === "dropout_forward") {
      const at = maker(t.x), before = fused[at];
      if (before && before.kernel.entry !== entry && takes(before, "DROP", "clock") && written(before, t.x) === "y") {
        const { stream, threshold, scale } = step.params;
        fused[i] = undefined;
        return become(at, {
          tensors: { y: t.y, clock: t.clock }, overrides: { DROP: 1 }, params: { stream, threshold, scale },
        });
      }
    } else if (entry === "add_forward" && added(i)) return;
    put(i, fused[i]!);
  });
  return alike([...others].reduce(
    (all, { after }) => after?.(all) ?? all, fused.filter((step) => step !== undefined) as readonly Step[]));
}

/**
 * Steps whose kernels would differ in ADDEND and SLOPE alone get one text with both, if the kernel has a param `fused`,
 * which tells each step its part: a test at run time costs less than another text to compile.
 */
function alike(steps: readonly Step[]): Step[] {
  const groups: Record<string, { ADDEND: number; slopes: Record<string, Overrides> }> = {};
  const all = steps.map((step) => {
    if (!("fused" in step.kernel.params)) return { step };
    const { ADDEND, SLOPE, ALPHA, THRESHOLD, ...others } = step.overrides;
    const group = groups[step.kernel.entry + JSON.stringify(others)] ??= { ADDEND: 0, slopes: {} };
    group.ADDEND ||= ADDEND;
    if (SLOPE) group.slopes[[SLOPE, ALPHA, THRESHOLD].join()] = { SLOPE, ALPHA, THRESHOLD };
    return { step, group, fused: ADDEND + 2 * Number(SLOPE > 0) };
  });
  return all.map(({ step, group, fused }) => {
    if (!group) return step;
    const [slope, ...more] = Object.values(group.slopes);
    return {
      ...step,
      params: { ...step.params, fused },
      overrides: { ...step.overrides, ADDEND: group.ADDEND, ...more.length ? {} : slope },
    };
  });
}

/** As which of its outputs a step writes t. */
const written = ({ kernel, tensors }: Step, t: Tensor) =>
  (["y", "dx"] as const).find((name) => kernel.bindings[name] && root(tensors[name]) === root(t));
/** Whether a step can still take this over. */
const takes = ({ kernel, overrides }: Step, override: string, binding: string) =>
  overrides[override] === 0 && binding in kernel.bindings;
