import { replaced, root, touched, type Fusing, type Step, type Tensor } from "../gpu/recorder.js";

/**
 * Where all parts of a concatenation come out of the same activation, its slope is taken of the whole, in the step that
 * cuts the gradient into parts, and not of each part.
 */
function sloped(steps: readonly Step[]): readonly Step[] {
  const readers = new Map<Tensor, Step[]>(), changed = new Map<Step, Step | undefined>();
  for (const step of steps) for (const t of touched(step, "read")) readers.set(t, [...readers.get(t) ?? [], step]);
  const forwards = steps.filter(({ kernel }) => kernel.entry === "concat_forward");
  for (const step of steps.filter(({ kernel }) => kernel.entry === "concat_backward")) {
    const { tensors, overrides } = step;
    const parts = Object.entries(tensors).filter(([name, dx]) => name.startsWith("dx") && readers.has(root(dx)));
    const backs = parts.map(([, dx]) => readers.get(root(dx))!)
      .map(([back, ...others]) => others.length ? undefined : back);
    const [first] = backs;
    const same = (s?: Step) => s?.kernel.entry === "activation_backward"
      && ["SLOPE", "ALPHA", "THRESHOLD"].every((o) => s.overrides[o] === first!.overrides[o]);
    if (!first || !backs.every(same) || first.overrides.SLOPE > 5) continue;
    const whole = forwards.find(({ tensors: x, params }) => params.offset === step.params.offset
      && parts.every(([name], k) => root(x[name.slice(1)]) === root(backs[k]!.tensors.z)));
    if (!whole) continue;
    const { SLOPE, ALPHA, THRESHOLD } = first.overrides;
    const outputs = Object.fromEntries(parts.map(([name], k) => [name, backs[k]!.tensors.dx]));
    for (const back of backs) changed.set(back!, undefined);
    changed.set(step, {
      ...step,
      tensors: { ...tensors, ...outputs, z: whole.tensors.y },
      overrides: { ...overrides, SLOPE, ALPHA, THRESHOLD },
    });
  }
  return replaced(steps, changed);
}

/**
 * Concatenations in place: parts are written to their channels of the whole,
 * and their gradients read there, where kernels can.
 */
function joined(steps: readonly Step[]): Step[] {
  const all: (Step | undefined)[] = [...steps];
  const using = (t: Tensor, how: "read" | "read_write") =>
    all.flatMap((s, i) => s && touched(s, how).includes(root(t)) ? [i] : []);
  /**
   * Step i with channels from `offset` on of rows of K channels of `whole` in place of t;
   * undefined where its kernel cannot.
   */
  function placed(i: number, t: Tensor, whole: Tensor, K: number, offset: number): Step | undefined {
    const step = all[i]!, { kernel, overrides } = step, params = { ...step.params }, tensors = { ...step.tensors };
    const cut = overrides.WIDTH !== 1 && (K % 4 > 0 || offset % 4 > 0);  // through a vec4
    for (const name of Object.keys(kernel.bindings)) if (root(tensors[name]) === root(t)) {
      const idle = name === "addend" && !overrides.ADDEND || name === "z" && !overrides.SLOPE;  // stands in
      tensors[name] = whole;
      if (idle) continue;
      if (cut) return undefined;
      if (kernel.entry === "concat_forward" && name === "y") {
        params.K = K;
        params.offset += offset;
        continue;
      }
      if (!(`${name}_pitch` in kernel.params) || (offset && !(`${name}_offset` in kernel.params))) return undefined;
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
    const step = all[i]!, { kernel: { entry }, tensors: t, params, overrides, grid } = step;
    const back = entry === "concat_backward";
    if (!back && entry !== "concat_forward" || back && overrides.SLOPE) continue;
    const K = params.K, channels = [params.C0, params.C1, params.C2, params.C3];
    const starts = channels.map((_, j) => params.offset + channels.slice(0, j).reduce((a, b) => a + b, 0));
    const parts = channels.flatMap((C, j) => C ? [{ C, offset: starts[j], t: t[`${back ? "dx" : "x"}${j}`] }] : []);
    if (back) {
      const wanted = parts.map((part) => ({ ...part, at: using(part.t, "read") })), before = [...all];
      if (wanted.every((part) => place(part.at, part.t, t.dy, K, part.offset))) all[i] = undefined;
      else all.splice(0, all.length, ...before);
      continue;
    }
    const before = [...all];
    /** Parts that are copied as before. */
    const rest = parts.filter((part) => {
      if (parts.some((other) => other !== part && root(other.t) === root(part.t))) return true;
      if (root(part.t) !== part.t || !using(part.t, "read_write").length) return true;
      const at = [...using(part.t, "read_write"), ...using(part.t, "read").filter((k) => k !== i)];
      return !place(at, part.t, t.y, K, part.offset);
    });
    if (!rest.length) all[i] = undefined;
    else if (
      rest.length === parts.length || rest.some((part, j) => parts.indexOf(part) !== parts.indexOf(rest[0]) + j)
    ) all.splice(0, all.length, ...before);
    else {
      const [a, b, c] = rest, first = a.t;
      all[i] = {
        ...step,
        grid: [grid[0], grid[1], rest.length],
        tensors: { ...t, x0: first, x1: b?.t ?? first, x2: c?.t ?? first, x3: first },
        params: { ...params, C0: a.C, C1: b?.C ?? 0, C2: c?.C ?? 0, C3: 0, offset: a.offset },
      };
    }
  }
  return all.filter((step) => step !== undefined);
}

/** What a concatenation's steps become, where they need not run. */
export const inPlace: Fusing = { before: sloped, after: joined };
