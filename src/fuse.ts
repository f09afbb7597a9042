import type { Step, Tensor } from "./gpu/recorder.js";

const root = (t: Tensor): Tensor => t.of ? root(t.of) : t;
type Overrides = Step["overrides"];

/**
 * Neighbouring steps that become one. What a kernel can take over, its overrides and bindings say; a recording leaves them off:
 *   ACTIVATION, output y:     y = f(…)                an activation behind it
 *   ADDEND, binding addend:   what it writes + addend   a sum behind it, before any ACTIVATION or SLOPE
 *   SLOPE, binding z:         (…) · f′(z)             an activation's backward behind it
 *   TERMS, bindings a … d:    a + b + c + d           a sum's other terms
 *   DROP, binding clock:      y · what is drawn       a dropout behind it
 *   y_pitch, x_pitch, …:      rows of that tensor are channels of a longer row; then no concatenation runs
 * A step is taken over where nobody else reads between. The arithmetic and its order stay the same.
 */
export function fuse(recorded: readonly Step[]): Step[] {
  const steps = dropped(recorded), fused: (Step | undefined)[] = [...steps], made = new Map<Tensor, number>(), readers = new Map<Tensor, number[]>();
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
  /** The output of step `at` becomes `to`, and its overrides, tensors and params what is given. */
  function become(at: number, output: "y" | "dx", to: Tensor, overrides: Overrides, tensors: Step["tensors"] = {}, i = at, params: Step["params"] = {}): void {
    const before = fused[at]!;
    fused[at] = undefined;
    put(i, { ...before, params: { ...before.params, ...params }, tensors: { ...before.tensors, ...tensors, [output]: to }, overrides: { ...before.overrides, ...overrides } });
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
    } else if (entry === "dropout_forward") {
      const at = maker(t.x), before = at === undefined ? undefined : fused[at];
      if (before && takes(before, "DROP", "clock") && written(before, t.x) === "y") {
        const { stream, threshold, scale } = fused[i]!.params;
        fused[i] = undefined;
        return become(at!, "y", t.y, { DROP: 1 }, { clock: t.clock }, at, { stream, threshold, scale });
      }
    } else if (entry === "add_forward" && added(i)) return;
    else if (entry === "concat_backward") sloped(i);
    put(i, fused[i]!);
  });
  return joined(fused.filter((step) => step !== undefined));

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
    const at = maker(tensors.dy), output = at === undefined ? undefined : written(fused[at]!, tensors.dy);
    if (output && takes(fused[at!]!, "SLOPE", "z") && !fused[at!]!.overrides.ACTIVATION) {
      become(at!, output, tensors.dy, { SLOPE, ALPHA, THRESHOLD }, { z: whole.tensors.y });
      fused[i] = { ...steps[i], tensors: { ...tensors, ...outputs } };
    } else fused[i] = { ...steps[i], tensors: { ...tensors, ...outputs, z: whole.tensors.y }, overrides: { ...overrides, SLOPE, ALPHA, THRESHOLD } };
  }
}

/** A relu's gradient behind a dropout's: from the dropout's output alone both are known, so that what it was made of need not be kept. */
function dropped(steps: readonly Step[]): readonly Step[] {
  const readersOf = (t: Tensor) => steps.filter((s) => touched(s, "read").includes(root(t)));
  const gone = new Set<Step>(), changed = new Map<Step, Step>();
  for (const back of steps.filter(({ kernel }) => kernel.entry === "dropout_backward")) {
    const [slope, ...others] = readersOf(back.tensors.dx), { stream, scale } = back.params;
    if (slope?.kernel.entry !== "activation_backward" || others.length || slope.overrides.SLOPE !== 1) continue;
    const drop = steps.find(({ kernel, params, tensors }) => kernel.entry === "dropout_forward" && params.stream === stream && root(tensors.x) === root(slope.tensors.z));
    if (!drop) continue;
    gone.add(back);
    changed.set(slope, { ...slope, tensors: { ...slope.tensors, dy: back.tensors.dy, z: drop.tensors.y }, overrides: { ...slope.overrides, SLOPE: 11, ALPHA: scale } });
  }
  return steps.filter((step) => !gone.has(step)).map((step) => changed.get(step) ?? step);
}

/** Concatenations in place: parts are written to their channels of the whole, and their gradients read there, where kernels can. */
function joined(steps: Step[]): Step[] {
  const all: (Step | undefined)[] = [...steps];
  const using = (t: Tensor, how: "read" | "read_write") => all.flatMap((s, i) => s && touched(s, how).includes(root(t)) ? [i] : []);
  /** Step i with channels from `offset` on of rows of K channels of `whole` in place of t; undefined where its kernel cannot. */
  function placed(i: number, t: Tensor, whole: Tensor, K: number, offset: number): Step | undefined {
    const step = all[i]!, { kernel, overrides } = step, params = { ...step.params }, tensors = { ...step.tensors };
    for (const name of Object.keys(kernel.bindings)) if (root(tensors[name]) === root(t)) {
      const idle = name === "addend" && !overrides.ADDEND || name === "z" && !overrides.SLOPE;  // stands in
      tensors[name] = whole;
      if (idle) continue;
      if (kernel.entry === "concat_forward" && name === "y") { if (overrides.WIDTH === 4 && (K % 4 || offset % 4)) return undefined; params.K = K; params.offset += offset; continue; }
      if (!(`${name}_pitch` in kernel.params) || overrides.WIDTH !== 1 && (K % 4 || offset % 4) || (offset && !(`${name}_offset` in kernel.params))) return undefined;
      params[`${name}_pitch`] = K;
      if (offset) params[`${name}_offset`] = offset;
    }
    return { ...step, params, tensors };
  }
  /** All these steps so, or none. */
  function place(at: number[], t: Tensor, whole: Tensor, K: number, offset: number): boolean {
    const after = at.map((i) => placed(i, t, whole, K, offset));
    if (!after.every((step) => step !== undefined)) return false;
    at.forEach((i, k) => { all[i] = after[k]; });
    return true;
  }
  for (let i = all.length - 1; i >= 0; i--) {
    const step = all[i]!, { kernel: { entry }, tensors: t, params, overrides, grid } = step, back = entry === "concat_backward";
    if (!back && entry !== "concat_forward" || back && overrides.SLOPE) continue;
    const K = params.K, channels = [params.C0, params.C1, params.C2, params.C3], starts = channels.map((_, j) => params.offset + channels.slice(0, j).reduce((a, b) => a + b, 0));
    const parts = channels.flatMap((C, j) => C ? [{ C, offset: starts[j], t: t[`${back ? "dx" : "x"}${j}`] }] : []);
    if (back) {
      const wanted = parts.map((part) => ({ ...part, at: using(part.t, "read") })), before = [...all];
      if (wanted.every((part) => place(part.at, part.t, t.dy, K, part.offset))) all[i] = undefined;
      else all.splice(0, all.length, ...before);
      continue;
    }
    const before = [...all], rest = parts.filter((part) => parts.some((other) => other !== part && root(other.t) === root(part.t)) || part.t.shape.at(-1) !== part.C || root(part.t) !== part.t
      || !using(part.t, "read_write").length || !place([...using(part.t, "read_write"), ...using(part.t, "read").filter((k) => k !== i)], part.t, t.y, K, part.offset));
    if (!rest.length) all[i] = undefined;
    else if (rest.length === parts.length || rest.some((part, j) => parts.indexOf(part) !== parts.indexOf(rest[0]) + j)) all.splice(0, all.length, ...before);
    else {
      const [a, b, c, d] = rest, first = a.t;
      all[i] = { ...step, grid: [grid[0], grid[1], rest.length], tensors: { ...t, x0: first, x1: b?.t ?? first, x2: c?.t ?? first, x3: d?.t ?? first },
        params: { ...params, C0: a.C, C1: b?.C ?? 0, C2: c?.C ?? 0, C3: d?.C ?? 0, offset: a.offset } };
    }
  }
  return all.filter((step) => step !== undefined);
}

/** What a step reads, or writes, without views; each once. */
function touched({ kernel, tensors }: Step, how: "read" | "read_write"): Tensor[] {
  return [...new Set(Object.entries(kernel.bindings).filter(([, [, access]]) => access === how).map(([name]) => root(tensors[name])))];
}
/** As which of its outputs a step writes t. */
const written = ({ kernel, tensors }: Step, t: Tensor) => (["y", "dx"] as const).find((name) => kernel.bindings[name] && root(tensors[name]) === root(t));
/** Whether a step can still take this over. */
const takes = ({ kernel, overrides }: Step, override: string, binding: string) => overrides[override] === 0 && binding in kernel.bindings;
