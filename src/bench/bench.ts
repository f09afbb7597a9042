import type { Case, Recorded } from "./cases.js";
import { ConvoyError } from "../errors.js";
import { targetOf, type Device } from "../gpu/device.js";
import { Memory } from "../gpu/memory.js";
import { Player } from "../gpu/player.js";
import { time, type TimeSource, type Timed, type Timing } from "../gpu/profiler.js";
import { Recorder, root, touched, type Step } from "../gpu/recorder.js";
import { plan, single } from "../plan.js";
import { bytes, joint, macs, passOf } from "../profile/cost.js";
import type { Roofline } from "../profile/roofline.js";

/** One rung of one operator in one pass, at one shape. */
export interface BenchRow {
  readonly operator: string;
  readonly shape: string;
  /** "backward" where an operator's gradients are not worth telling apart. */
  readonly pass: string;
  /** Its name in the ladder, or "only". */
  readonly rung: string;
  /** Whether a recording for this adapter takes it. */
  readonly taken: boolean;
  readonly kernels: readonly string[];
  /** Seconds. */
  readonly time: Timing;
  /** Operations a second, two for each multiply-add; 0 for what is not made of them. */
  readonly flops: number;
  /** Bytes a second, of those that the most sparing rung moves. */
  readonly bandwidth: number;
  /** The time that the adapter's roofline would allow ÷ the median. */
  readonly fraction: number;
  /**
   * The largest difference from the plain rung's results ÷ their largest element;
   * undefined for a rung that has no other beside it.
   */
  readonly error?: number;
}

/** What bench() takes beside device and cases. */
export interface BenchOptions {
  readonly roofline: Roofline;
  /** Only rungs of this name, and the plain ones that they are held against. */
  readonly rung?: string;
  readonly rounds?: number;
  readonly clock?: TimeSource;
}

interface Section {
  readonly pass: string;
  readonly from: number;
  readonly to: number;
  readonly steps: readonly Step[];
  readonly rung?: string;
}

interface Candidate extends Recorded {
  readonly steps: readonly Step[];
  readonly sections: readonly Section[];
  readonly name: string;
  readonly memory: Memory;
  player: Player;
}

/** Times every rung of an operator at a shape, all of them in turn in each round, and compares their results. */
export async function bench(
  device: Device, { record, operator, shape }: Case, { roofline, rung, rounds, clock }: BenchOptions,
): Promise<BenchRow[]> {
  const target = targetOf(device.adapter), usual = new Recorder(target), programs: Candidate[] = [];
  record(usual);
  const names = new Set(usual.steps.flatMap((step) => step.rungs ?? []));
  const wanted = [...names].filter((name) => name === "plain" || rung === undefined || name === rung);
  const recordings = (wanted.length ? wanted : ["only"]).map((name) => {
    const rec = new Recorder({ ...target, rung: name });
    return { name, rec, ...record(rec) };
  });
  const apart = ![usual, ...recordings.map(({ rec }) => rec)].some(({ steps }) => steps.some(joint));
  const taken = sections(usual.steps, apart).map(({ pass, rung: name }) => `${pass} ${name}`);
  try {
    for (const recording of recordings) programs.push(await open(device, recording, apart));
    for (const { player } of programs) player.play();
    const errors = await compare(programs);
    const runs = programs.flatMap((program) => program.sections
      .filter((s) => s.rung === program.name || (s.rung === undefined && program === programs[0]))
      .map((section) => ({ program, section })));
    const timed = runs.map(({ program: { player }, section: { from, to } }): Timed => ({ player, from, to }));
    const { times } = await time(device, timed, { rounds, clock });
    const moved = (of: Section) => of.steps.reduce((sum, step) => sum + bytes(step), 0);
    const order = [...new Set(runs.map(({ section: { pass } }) => pass))];
    return runs.map(({ program, section }, i) => {
      const rivals = runs.filter((run) => run.section.pass === section.pass);
      const least = Math.min(...rivals.map((run) => moved(run.section))), { median } = times[i];
      const flop = 2 * section.steps.reduce((sum, step) => sum + macs(step), 0);
      return {
        operator, shape, pass: section.pass, rung: section.rung ?? "only",
        taken: taken.includes(`${section.pass} ${section.rung}`),
        kernels: section.steps.map(({ kernel }) => kernel.entry),
        time: times[i], flops: flop / median, bandwidth: least / median,
        fraction: Math.max(flop / roofline.flops, least / roofline.bandwidth, roofline.dispatch) / median,
        error: program === programs[0] || section.rung === undefined ? undefined : worst(section, errors.get(program)!),
      };
    }).filter((row) => rung === undefined || row.rung === rung)
      .sort((a, b) => order.indexOf(a.pass) - order.indexOf(b.pass));
  } finally {
    for (const { player, memory } of programs) { player.destroy(); memory.destroy(); }
  }
}

/**
 * The parts of a recording that are timed together: passes, or only forward and backward where nothing multiplies
 * matrices or some rung makes all gradients at once.
 */
export function sections(steps: readonly Step[], apart = !steps.some(joint)): Section[] {
  const fine = apart && steps.some((step) => macs(step)), found = new Map<string, number[]>();
  steps.forEach((step, i) => {
    const pass = passOf(step), name = fine || pass === "forward" || pass === "update" ? pass : "backward";
    found.set(name, [...found.get(name) ?? [], i]);
  });
  return [...found].map(([pass, members]) => {
    const from = members[0], to = members.at(-1)! + 1;
    if (to - from !== members.length) {
      throw new ConvoyError("bench", `the dispatches of the ${pass} pass do not follow one another`, { members });
    }
    return { pass, from, to, steps: steps.slice(from, to), rung: steps.slice(from, to).find((s) => s.rung)?.rung };
  });
}

async function open(
  device: Device, { name, rec: { steps }, ...recorded }: Recorded & { name: string; rec: Recorder }, apart: boolean,
): Promise<Candidate> {
  const memory = new Memory(device), kept = new Set([...recorded.given.keys(), ...recorded.made]);
  const written = steps.flatMap((step) => touched(step, "read_write"));
  try {
    await memory.grow(plan([steps], [...kept].map(single), device.adapter.limits.binding));
    for (const [seed, [t, what]] of [...recorded.given].entries()) {
      memory.write(t, what === "labels"
        ? Uint32Array.from({ length: t.size }, (_, i) => i % 10)
        : Float32Array.from({ length: t.size }, (_, i) =>
          what === "zeros" ? 0 : noise(i, seed) + (what === "positive" ? 1.5 : 0)));
    }
    return {
      ...recorded, made: recorded.made.filter((t) => written.includes(root(t))), name, steps, memory,
      sections: sections(steps, apart), player: await Player.prepare(memory, name, steps),
    };
  } catch (e) { memory.destroy(); throw e; }
}

/** Numbers in [−1, 1), the same in every run. */
function noise(i: number, seed: number): number {
  let h = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return ((h ^ (h >>> 13)) >>> 8) / 2 ** 23 - 1;
}

/** For each program and result, its largest difference from the plain program's. */
async function compare(programs: Candidate[]): Promise<Map<Candidate, Map<string, number>>> {
  // The plain rung first, where the ladder has one; else the first is what others are compared with.
  programs.sort((a, b) => Number(b.name === "plain") - Number(a.name === "plain"));
  const results = new Map<Candidate, Map<string, number>>(), [plain, ...others] = programs;
  for (const other of others) results.set(other, new Map());
  if (others.length) for (const [i, t] of plain.made.entries()) {
    const want = await plain.memory.read(t);
    for (const other of others) {
      results.get(other)!.set(other.made[i].name, difference(await other.memory.read(other.made[i]), want));
    }
  }
  return results;
}

/** The largest difference of two results, of the largest element wanted; NaN where one of them is. */
export function difference(got: Float32Array, want: Float32Array): number {
  let off = 0, most = 0;
  for (let i = 0; i < want.length; i++) {
    off = Math.max(off, Math.abs(got[i] - want[i]));
    most = Math.max(most, Math.abs(want[i]));
  }
  return off && off / most;
}

/** Of the results that these steps write. */
function worst({ steps }: Section, errors: ReadonlyMap<string, number>): number {
  const written = steps.flatMap((step) => touched(step, "read_write"));
  return Math.max(...written.flatMap(({ name }) => errors.get(name) ?? []));
}
