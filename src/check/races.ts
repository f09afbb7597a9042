import type * as Wgsl from "wgsl_reflect/wgsl_reflect.module.js";
import { ConvoyError, ShaderError } from "../errors.js";
import { bake, pack, PARAMS } from "../gpu/kernel.js";
import { root, type Shape, type Step, type Tensor } from "../gpu/recorder.js";
import type { AnyLayer } from "../graph.js";
import type { Access } from "./access.js";
import { coalescing } from "./coalescing.js";
import { interpret } from "./interpreter.js";
import { probe, type CheckOptions } from "./probe.js";
import { report, type Finding, type Report } from "./report.js";

async function reader(): Promise<typeof Wgsl> {
  try { return await import("wgsl_reflect/wgsl_reflect.module.js"); } catch (cause) {
    throw new ConvoyError(
      "missing",
      'the race check interprets shaders with the npm package "wgsl_reflect"; '
        + "install it: npm install --save-dev wgsl_reflect",
      {}, cause,
    );
  }
}

/**
 * Finds races: two invocations of a workgroup that touch one place with no barrier between, one of them writing; two
 * workgroups that touch one place at all, one of them writing; barriers that only some invocations come to. It
 * interprets every kernel of both passes, without a GPU, and holds every access of the run, so nothing depends on an
 * adapter's schedule, by which answers may be right where a barrier is missing. Finds accesses out of bounds, too,
 * with their lines, and hints at lines where neighbouring invocations read or write far apart (uncoalesced). Choose
 * small shapes: a workgroup takes about a millisecond for each hundred accesses. What it cannot interpret, such as
 * subgroup functions, is a note of the report.
 */
export async function checkRaces(
  layer: AnyLayer, shapes: readonly Shape[], { seed, range }: Omit<CheckOptions, "device"> = {},
): Promise<Report> {
  const wgsl = await reader(), it = probe(layer, shapes, { seed, range, target: { rung: "plain" } });
  const memory = new Map<Tensor, Float32Array>([...it.values].map(([t, v]) => [root(t), v.slice()]));
  const findings: Finding[] = [], looked: string[] = [], notes: string[] = [], hints: Finding[] = [];
  // A kernel of both passes says the same twice.
  const add = (to: Finding[], some: readonly Finding[]) =>
    to.push(...some.filter(({ message }) => !to.some((f) => f.message === message)));
  for (const step of [...it.forward, ...it.backward]) {
    const { count, found, note, ...more } = raced(wgsl, step, memory);
    add(findings, found);
    add(hints, more.hints);
    if (note) notes.push(`races not looked at: ${step.kernel.entry} ${note}`);
    else looked.push(`${count} accesses of ${step.kernel.entry}`);
  }
  return report(it.name, looked, findings, notes, hints);
}

/**
 * Interprets one step on `memory`, and tells each pair of lines once. `note`: why not all of it was looked at.
 * @internal: what users install has no types of wgsl_reflect.
 */
export function raced(
  wgsl: typeof Wgsl, { kernel, tensors, params, overrides, grid }: Step, memory: Map<Tensor, Float32Array>,
): { count: number; found: Finding[]; hints: Finding[]; note?: string } {
  const code = bake(kernel.code, overrides), lines = code.split("\n"), { entry } = kernel;
  const found = new Map<string, Finding>();
  if (/\bsubgroup\w*\(/.test(code)) {
    const note = "calls subgroup functions, which have no interpreter; check a rung without them";
    return { count: 0, found: [], hints: [], note };
  }
  const uniform = new DataView(new ArrayBuffer(256)), group0: Record<number, unknown> = {};
  pack(kernel, params, uniform);
  for (const [name, [binding]] of Object.entries(kernel.bindings)) {
    const t = root(tensors[name]);
    if (!memory.has(t)) memory.set(t, t.values ? new Float32Array(t.values.slice().buffer) : new Float32Array(t.size));
    group0[binding] = memory.get(t)!.buffer;
  }
  let count = 0;
  const tell = (key: string, tensor: string, at: number, message: string) => {
    if (!found.has(key)) found.set(key, { check: "race", tensor, line: own(at), message: `${entry}, ${message}` });
  };
  const own = (n: number) => kernel.origin?.[n - 1] ?? n;
  const line = (n: number) => `line ${own(n)} (${lines[n - 1]?.trim()})`;
  const shared = new Set(Object.keys(kernel.bindings)), pattern = coalescing();
  const clash = (a: Access, b: Access, across: boolean) => {
    const who = (x: Access) => across ? `workgroup ${x.workgroup}` : `invocation ${x.invocation}`;
    const [first, second] = a.kind === "write" ? [a, b] : [b, a];
    const why = across
      ? "no barrier orders workgroups: let one invocation write each element, or take two dispatches"
      : "no barrier stands between them";
    tell(
      [a.variable, ...[a.line, b.line].sort(), across].join(), a.variable, first.line,
      `${line(first.line)}: ${who(first)} writes byte ${first.byte} of ${a.variable}, `
        + `which ${who(second)} ${second.kind}s in ${line(second.line)}; ${why}`,
    );
  };
  /**
   * Accesses of this phase, and of the whole dispatch: of each place the first two that read and the first two that
   * write, by two invocations or workgroups, so that one of them is another's than whose access comes next.
   */
  const phase = new Map<string, Access[]>(), whole = new Map<string, Access[]>();
  const hold = (held: Map<string, Access[]>, a: Access, who: "invocation" | "workgroup", across: boolean) => {
    for (let word = a.byte >> 2; 4 * word < a.byte + a.size; word++) {
      const key = `${a.variable} ${word}`, others = held.get(key) ?? [];
      const other = others.find((b) =>
        b[who] !== a[who] && (a.kind === "write" || b.kind === "write") && !(a.atomic && b.atomic));
      if (other) clash(a, other, across);
      if (
        !others.some((b) => b.kind === a.kind && b[who] === a[who])
        && others.filter((b) => b.kind === a.kind).length < 2
      ) held.set(key, [...others, a]);
    }
  };
  const complaints: string[] = [], { error, log } = console;
  // How the interpreter says that it cannot.
  console.error = console.log = (...words: unknown[]) => { complaints.push(words.map(String).join(" ")); };
  try {
    interpret(wgsl, code, entry, grid, { 0: { ...group0, [PARAMS]: { uniform: new Uint32Array(uniform.buffer) } } }, {
      access(a) {
        count++;
        hold(phase, a, "invocation", false);
        if (!shared.has(a.variable)) return;
        hold(whole, a, "workgroup", true);
        pattern.access(a);
      },
      phase() { phase.clear(); },
      diverged(n) {
        tell(`diverged ${n}`, "", n, `${line(n)}: some invocations of a workgroup come to this barrier, others do not`);
      },
      outside(a, elements, index) {
        tell(
          `outside ${a.variable} ${a.line}`, a.variable, a.line,
          `${line(a.line)}: invocation ${a.invocation} of workgroup ${a.workgroup} `
            + `${a.kind}s ${a.variable}[${index}], which has ${elements} elements`,
        );
      },
      unseen(variable) { complaints.push(`the workgroup's variable ${variable} cannot be watched`); },
    });
  } catch (e) {
    complaints.push(e instanceof ShaderError ? `${line(e.details.line as number)}: ${e.message}` : String(e));
  } finally { Object.assign(console, { error, log }); }
  const note = complaints.length ? `cannot be interpreted (${complaints[0]})` : undefined;
  const hints = pattern.patterns().map(({ variable, kind, line: at, sectors, enough }): Finding => ({
    check: "coalescing", tensor: variable, line: own(at),
    message: `${entry}, ${line(at)}: right, but slow on GPUs: 32 neighbouring invocations ${kind} ${variable} in `
      + `${sectors} sectors of 32 bytes, where ${enough} would do; let neighbours take neighbouring elements`,
  }));
  return { count, found: [...found.values()], hints, note };
}
