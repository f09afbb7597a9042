import type { Access, Kernel } from "../gpu/kernel.js";
import { root, tensor, touched, type Shape, type Step, type Tensor } from "../gpu/recorder.js";
import type { AnyLayer } from "../graph.js";
import { Bench, probeOn, type CheckOptions, type Values } from "./probe.js";
import { place, report, type Finding, type Report } from "./report.js";

const MARGIN = 256;                  // elements behind each tensor, bound along with it
const CALM = 0.5, WILD = 12345.678;  // what a margin holds
const UNWRITTEN = -7654.321, ELSE = 4321.125;  // what a result holds before; no layer computes it

/**
 * Finds accesses past the end: every tensor is bound with a margin behind it. A margin that changes was written to; a
 * result that changes with what a margin holds has read it; an element that keeps its first value was never written;
 * one that changes with what a result held before was read before it was written, as by `dx[i] += …`: what lies there
 * in training is another tensor's.
 */
export async function checkBounds(layer: AnyLayer, shapes: readonly Shape[], options: CheckOptions): Promise<Report> {
  const it = probeOn(layer, shapes, options);
  const big = new Map<Tensor, Tensor>(), names = new Map([...it.tensors].map(([name, t]) => [root(t), name]));
  const widened = (t: Tensor) => {
    const r = root(t);
    if (!big.has(r)) big.set(r, tensor(r.name, [r.size + MARGIN]));
    return big.get(r)!;
  };
  /** Where a kernel asks for a length, that of the tensor without its margin, in elements of whatever size. */
  const told = (kernel: Kernel, tensors: Step["tensors"]): Kernel => ({
    ...kernel,
    code: kernel.code.replace(/\barrayLength\s*\(\s*&\s*(\w+)\s*\)/g, (length, name: string) =>
      Object.hasOwn(tensors, name)
        ? `(${length} - ${length} * ${MARGIN}u / ${root(tensors[name]).size + MARGIN}u)`
        : length),
  });
  const own = [...it.forward, ...it.backward], steps = own.map((step): Step => ({
    ...step,
    kernel: told(step.kernel, step.tensors),
    tensors: Object.fromEntries(Object.entries(step.tensors).map(([name, t]) => [name, widened(t)])),
  }));
  const bound = [...big.keys()];
  const those = (t: Tensor, access: Access, among = own) => among.filter((step) => touched(step, access).includes(t));
  const read = bound.filter((t) => those(t, "read").length);
  const written = bound.filter((t) => those(t, "read_write").length);
  const known = (t: Tensor) => it.values.get(t) ?? (t.values && new Float32Array(t.values.buffer));
  const label = (t: Tensor) => names.get(t) ?? t.name, findings: Finding[] = [];
  /** Entry points that access t so, of those that write `out` if any does. */
  const entry = (t: Tensor, access: Access, out = t) => {
    const all = those(t, access), direct = those(out, "read_write", all);
    return [...new Set((direct.length ? direct : all).map(({ kernel }) => kernel.entry))].join(" or ");
  };
  const bench = await Bench.open(options.device, steps, big.values());
  try {
    /** All tensors after a run in which the margin of `wild` alone is another, or what `stale` alone held before. */
    const run = async (wild?: Tensor, stale?: Tensor) => new Map((await bench.run(bound.map((t) => {
      const values: Values = new Float32Array(t.size + MARGIN).fill(t === wild ? WILD : CALM);
      values.set(known(t) ?? new Float32Array(t.size).fill(t === stale ? ELSE : UNWRITTEN));
      return [big.get(t)!, values] as const;
    }), written.map((t) => big.get(t)!))).map((values, k) => [written[k], values]));
    const calm = await run();
    for (const t of written) {
      const values = calm.get(t)!, kept = (v: number, i: number) => i < t.size && v === Math.fround(UNWRITTEN);
      const at = values.findIndex((v, i) => i >= t.size && v !== Math.fround(CALM));
      if (at >= 0) {
        findings.push({
          check: "bounds", tensor: label(t),
          message: `${entry(t, "read_write")} writes past the end of ${label(t)}: to element ${at} of ${t.size}`,
        });
      }
      const hole = known(t) ? -1 : values.findIndex(kept);
      if (hole >= 0) {
        const index = place(hole, t.shape);
        findings.push({
          check: "bounds", tensor: label(t), index,
          message: `${entry(t, "read_write")} never writes ${label(t)}[${index.join(", ")}]; `
            + `${values.filter(kept).length} of ${t.size} elements keep what was there before`,
        });
      }
    }
    for (const t of read) {
      const other = await run(t);
      for (const out of written) {
        const [a, b] = [calm.get(out)!, other.get(out)!];
        const at = a.findIndex((v, i) => i < out.size && !Object.is(v, b[i]));
        if (at < 0) continue;
        const index = place(at, out.shape);
        findings.push({
          check: "bounds", tensor: label(t), index, got: b[at], want: a[at],
          message: `${entry(t, "read", out)} reads past the end of ${label(t)} (${t.size} elements): `
            + `${label(out)}[${index.join(", ")}] changes with what lies behind it`,
        });
        break;
      }
    }
    for (const t of bound.filter((t) => !known(t))) {
      const other = await run(undefined, t), never = (v: number) => v === Math.fround(UNWRITTEN);
      for (const out of [...written].sort((a, b) => Number(b === t) - Number(a === t))) {
        const [a, b] = [calm.get(out)!, other.get(out)!];
        const at = a.findIndex((v, i) => i < out.size && !Object.is(v, b[i]) && !(out === t && never(v)));
        if (at < 0) continue;
        const index = place(at, out.shape);
        const changes = `${label(out)}[${index.join(", ")}] changes with what was there before`;
        findings.push({
          check: "bounds", tensor: label(t), index, got: b[at], want: a[at],
          message: out === t
            ? `${entry(t, "read_write")} reads ${label(t)} before it has written it (+= ?): `
              + `${changes}; kernels overwrite, never add`
            : `${entry(t, "read", out) || entry(t, "read_write", out)} reads elements of ${label(t)} `
              + `that nothing has written yet: ${changes}`,
        });
        break;
      }
    }
    return report(it.name, [`${bound.length} tensors' bounds`], findings);
  } finally { bench.destroy(); }
}
