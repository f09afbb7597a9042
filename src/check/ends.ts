import { root, tensor, type Shape, type Step, type Tensor } from "../gpu/recorder.js";
import type { Kernel } from "../gpu/kernel.js";
import type { AnyLayer } from "../graph.js";
import { blank } from "../wgsl/reflect.js";
import { Bench, probeOn, type CheckOptions, type Values } from "./probe.js";
import { report, type Finding, type Report } from "./report.js";

/** Turns of one loop in one call, beyond which it counts as endless; `SLOW` where a workgroup goes together. */
const TURNS = 2 ** 20, SLOW = 2 ** 16;
/** The binding, and in watch() the running statistic, that keeps a loop's line. */
export const STUCK = "convoy_stuck";

/**
 * Finds loops that do not end, and so would hold the GPU until the system resets it: each loop of both passes counts
 * its turns, and is left after 2²⁰ (2¹⁶ in kernels with barriers), which is told with its line. Run it before all else
 * that runs a shader nobody has run yet, on small shapes: a loop that long may well end in a minute.
 */
export async function checkEnds(layer: AnyLayer, shapes: readonly Shape[], options: CheckOptions): Promise<Report> {
  const it = probeOn(layer, shapes, options);
  const most = options.device.adapter.limits.storageBuffers;
  const stuck: { mark: Tensor; of: Kernel; turns: number }[] = [], looked: string[] = [], findings: Finding[] = [];
  const steps = [...it.forward, ...it.backward].map((step, i): Step => {
    const { kernel, loops, turns } = counted(step.kernel);
    if (!loops || Object.keys(kernel.bindings).length > most) return step;
    const mark = tensor(`${STUCK} ${i}`, [1]);
    stuck.push({ mark, of: step.kernel, turns });
    looked.push(`${loops} ${loops === 1 ? "loop" : "loops"} of ${kernel.entry}`);
    return { ...step, kernel, tensors: { ...step.tensors, [STUCK]: mark } };
  });
  if (!stuck.length) return report(it.name, ["no loops"], []);
  const marks = stuck.map(({ mark }) => mark);
  const bench = await Bench.open(options.device, steps, [...it.tensors.values(), ...marks].map(root));
  try {
    const found = await bench.run([...it.values, ...marks.map((t) => [t, new Float32Array(1)] as const)], marks);
    const first = found.findIndex((mark) => lineOf(mark) > 0);  // later kernels work on what it has left half done
    if (first >= 0) findings.push(endless(stuck[first], lineOf(found[first])));
    return report(it.name, looked, findings);
  } finally { bench.destroy(); }
}

const lineOf = (mark: Values) => new Uint32Array(mark.buffer)[0];

/** What is told of the loop at this line. */
export function endless({ of: { entry, code, origin }, turns }: { of: Kernel; turns: number }, line: number): Finding {
  const own = origin?.[line - 1] ?? line;
  return {
    check: "loop", tensor: "", line: own,
    message: `${entry}, line ${own} (${code.split("\n")[line - 1].trim()}): this loop does not end; `
      + `it was left after ${turns.toLocaleString("en")} turns`,
  };
}

/**
 * The kernel with a counter in each loop that its entry point comes to, on the same lines. Counters stand at the head
 * of their function: an inner loop counts over all turns of the outer one. One that stands still sends the other
 * invocations on, but in kernels with barriers, where WGSL lets no loop depend on another invocation. Its line, on top
 * of `base`, is kept.
 */
export function counted(kernel: Kernel, base = 0): { kernel: Kernel; loops: number; turns: number } {
  const { code, bindings } = kernel, text = blank(code), inserts = new Map<number, string>();
  const together = /Barrier\s*\(|workgroupUniformLoad|\bsubgroup\w/.test(text), most = together ? SLOW : TURNS;
  const others = together ? "" : ` if ((turns & 4095u) == 0u && atomicLoad(&${STUCK}) > 0u) { break; }`;
  const called = reached(text, kernel.entry);
  let loops = 0, head = -1, inside = false;
  for (const { 0: word, index } of text.matchAll(/\bfn\s+\w+|\b(?:for|while|loop)\b/g)) {
    const at = text.indexOf("{", index) + 1;
    if (word.startsWith("fn")) { head = at; inside = called.has(word.replace(/fn\s+/, "")); continue; }
    if (!inside) continue;
    const count = `turns_${loops++}`, line = code.slice(0, index).split("\n").length;
    inserts.set(head, `${inserts.get(head) ?? ""} var ${count} = 0u;`);
    inserts.set(at, ` ${count}++; if (${count} > ${most}u) { atomicMax(&${STUCK}, ${base + line}u); break; }`
      + others.replace("turns", count));
  }
  if (!loops) return { kernel, loops, turns: most };
  let made = "", from = 0;
  for (const [at, what] of [...inserts].sort(([a], [b]) => a - b)) { made += code.slice(from, at) + what; from = at; }
  const used = [...text.matchAll(/@binding\s*\(\s*(\d+)/g)].map(([, n]) => Number(n));
  const binding = 1 + Math.max(...Object.values(bindings).map(([n]) => n), ...used);
  const declared = `@group(0) @binding(${binding}) var<storage, read_write> ${STUCK}: atomic<u32>;`;
  return {
    loops, turns: most,
    kernel: {
      ...kernel,
      code: `${made}${code.slice(from)}\n${declared}\n`,
      bindings: { ...bindings, [STUCK]: [binding, "read_write"] },
    },
  };
}

/** The functions that an entry point calls, and those that they call. */
function reached(text: string, entry: string): Set<string> {
  const functions = text.matchAll(/\bfn\s+(\w+)([\s\S]*?)(?=\bfn\s|$)/g);
  const bodies = new Map([...functions].map(([, name, body]) => [name, body])), all = new Set([entry]);
  for (const name of all) {
    for (const [word] of (bodies.get(name) ?? "").matchAll(/\w+/g)) if (bodies.has(word)) all.add(word);
  }
  return all;
}
