import type { Step, Tensor } from "./gpu/recorder.js";

const root = (t: Tensor): Tensor => t.of ? root(t.of) : t;
type Overrides = Step["overrides"];

/**
 * Neighbouring steps that become one. What a kernel can take over, its overrides and bindings say; a recording leaves them off:
 *   ACTIVATION, output y:     y = f(…)                an activation behind it
 *   ADDEND, binding addend:   what it writes + addend   a sum behind it, before any ACTIVATION or SLOPE
 *   SLOPE, binding z:         (…) · f′(z)             an activation's backward behind it
 *   TERMS, bindings a … d:    a + b + c + d           a sum's other terms
 * A step is taken over where nobody else reads between. The arithmetic and its order stay the same.
 */
export function fuse(steps: readonly Step[]): Step[] {
  const fused: (Step | undefined)[] = [...steps], made = new Map<Tensor, number>(), readers = new Map<Tensor, number[]>();
  steps.forEach((step, i) => {
    for (const t of touched(step, "read")) readers.set(t, [...readers.get(t) ?? [], i]);
  });
  const forwards = steps.filter(({ kernel }) => kernel.entry === "concat_forward");

  /** Where t is written, if this step alone reads it. */
  const maker = (t: Tensor) => readers.get(root(t))?.length === 1 ? made.get(root(t)) : undefined;
  const put = (i: number, step: Step) => {
    fused[i] = step;
    for (const t of touched(step, "read_write")) made.set(t, i);
  };
  /** The output of step `at` becomes `to`, and its overrides and tensors what is given. */
  function become(at: number, output: "y" | "dx", to: Tensor, overrides: Overrides, tensors: Step["tensors"] = {}, i = at): void {
    const before = fused[at]!;
    fused[at] = undefined;
    put(i, { ...before, tensors: { ...before.tensors, ...tensors, [output]: to }, overrides: { ...before.overrides, ...overrides } });
  }

  steps.forEach((step, i) => {
    if (!fused[i]) return;
    const { kernel: { entry }, tensors: t, overrides: { ACTIVATION, SLOPE, ALPHA, THRESHOLD } } = fused[i]!;
    if (entry === "activation_forward") {
      const at = maker(t.x), before = at === undefined ? undefined : fused[at];
      if (before && before.overrides.ACTIVATION === 0 && before.kernel.entry !== entry && root(before.tensors.y ?? t.y) === root(t.x) && !before.overrides.SLOPE) {
        fused[i] = undefined;
        return become(at!, "y", t.y, { ACTIVATION, ALPHA, THRESHOLD });
      }
    } else if (entry === "activation_backward") {
      const at = maker(t.dy), output = at === undefined ? undefined : written(fused[at]!, t.dy);
      if (output && takes(fused[at!]!, "SLOPE", "z") && !fused[at!]!.overrides.ACTIVATION) {
        fused[i] = undefined;
        return become(at!, output, t.dx, { SLOPE, ALPHA, THRESHOLD }, { z: t.z });
      }
    } else if (entry === "add_forward" && added(i)) return;
    else if (entry === "concat_backward") sloped(i);
    put(i, fused[i]!);
  });
  return fused.filter((step) => step !== undefined);

  /** A sum of two: into what makes one of them, once the other is there; or with the sum that makes one of them. */
  function added(i: number): boolean {
    const { a, b, y } = fused[i]!.tensors, terms = [a, b].map((t, k) => ({ t, other: [b, a][k], at: maker(t) })).filter(({ at }) => at !== undefined).sort((p, q) => q.at! - p.at!);
    for (const { t, other, at } of terms) {
      const before = fused[at!]!, output = written(before, t);
      if (!output || root(a) === root(b)) continue;
      if (takes(before, "ADDEND", "addend") && !before.overrides.ACTIVATION && !before.overrides.SLOPE) {
        const ready = (made.get(root(other)) ?? -1) < at!;
        if (!ready && fused.slice(at! + 1, i).some((s) => s && touched(s, "read").some((r) => made.get(r) === at))) continue;
        fused[i] = undefined;
        become(at!, output, y, { ADDEND: 1 }, { addend: other }, ready ? at : i);
        return true;
      }
    }
    const first = maker(a), before = first === undefined ? undefined : fused[first];
    if (!before || before.kernel !== fused[i]!.kernel || before.overrides.TERMS > 3 || before.overrides.ACTIVATION || before.overrides.SLOPE) return false;
    become(first!, "y", y, { TERMS: before.overrides.TERMS + 1 }, { [before.overrides.TERMS === 2 ? "c" : "d"]: b, ...before.overrides.TERMS === 2 && { d: b } }, i);
    return true;
  }

  /** The parts of a concatenation that all came out of the same activation: its slope at them is its slope at the whole. */
  function sloped(i: number): void {
    const { tensors, overrides } = steps[i], parts = Object.entries(tensors).filter(([name]) => name.startsWith("dx")).filter(([, dx]) => readers.has(root(dx)));
    const backs = parts.map(([, dx]) => readers.get(root(dx))!.length === 1 ? readers.get(root(dx))![0] : -1).map((k) => fused[k]);
    const [first] = backs, same = (s?: Step) => s?.kernel.entry === "activation_backward" && ["SLOPE", "ALPHA", "THRESHOLD"].every((o) => s.overrides[o] === first!.overrides[o]);
    if (!first || !backs.every(same) || first.overrides.SLOPE > 5 || overrides.SLOPE) return;
    const whole = forwards.find(({ tensors: x, params }) => params.offset === steps[i].params.offset && parts.every(([name], k) => root(x[name.slice(1)]) === root(backs[k]!.tensors.z)));
    if (!whole) return;
    const { SLOPE, ALPHA, THRESHOLD } = first.overrides, outputs = Object.fromEntries(parts.map(([name], k) => [name, backs[k]!.tensors.dx]));
    for (const back of backs) fused[steps.indexOf(back!)] = undefined;
    fused[i] = { ...steps[i], tensors: { ...tensors, ...outputs, z: whole.tensors.y }, overrides: { ...overrides, SLOPE, ALPHA, THRESHOLD } };
  }
}

/** What a step reads, or writes, without views; each once. */
function touched({ kernel, tensors }: Step, how: "read" | "read_write"): Tensor[] {
  return [...new Set(Object.entries(kernel.bindings).filter(([, [, access]]) => access === how).map(([name]) => root(tensors[name])))];
}
/** As which of its outputs a step writes t. */
const written = ({ kernel, tensors }: Step, t: Tensor) => (["y", "dx"] as const).find((name) => kernel.bindings[name] && root(tensors[name]) === root(t));
/** Whether a step can still take this over. */
const takes = ({ kernel, overrides }: Step, override: string, binding: string) => overrides[override] === 0 && binding in kernel.bindings;
