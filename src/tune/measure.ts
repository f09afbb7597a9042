// The rungs of each operator of a training step, timed one operator after the other.
import type { Device } from "../gpu/device.js";
import type { Player } from "../gpu/player.js";
import { time, type TimeSource } from "../gpu/profiler.js";
import type { Step, Tensor } from "../gpu/recorder.js";
import type { Tools } from "./tools.js";

/** A training step, recorded with these rungs wherever they fit. */
type Recording = (choice?: (key: string) => string | undefined) => readonly Step[];

/** What the tuner found for one operator: its rungs and their times. */
export interface Measured {
  readonly key: string;
  /** The best rung. */
  readonly rung: string;
  /** The name that gives what is taken without a choice. */
  readonly usual: string;
  /** Seconds of each rung: of all dispatches of the operator, what is fused into them with them. */
  readonly seconds: Readonly<Record<string, number>>;
}

export interface MeasureOptions {
  /** Keys to leave out. */
  known?(key: string): boolean;
  /** Default what the adapter allows. */
  clock?: TimeSource;
}

const HOPELESS = 3;     // times the best: not measured any further
const BETTER = 0.95;    // of the usual rung's time, at most, is worth another one: less is noise
const ROUNDS = 5;
const NOISE = Float32Array.from({ length: 1 << 18 }, (_, i) => (Math.imul(i + 1, 0x9e3779b1) >>> 8) / 2 ** 23 - 1);
const FILLED = 1 << 22; // elements of a tensor that get numbers; the rest stays zero

/** Measures in memory of its own, which lasts for one operator, so that a training may go on between two of them. */
export async function* measure(
  device: Device, record: Recording, tools: Tools, { known = () => false, clock }: MeasureOptions = {},
): AsyncGenerator<Measured, void, void> {
  const steps = record(), first = new Map<string, Step>();
  for (const step of steps) if (step.key && !first.has(step.key)) first.set(step.key, step);
  const of = (all: readonly Step[], key: string) =>
    all.filter((step) => step.key === key && step.path === first.get(key)!.path);
  const rungsOf = (key: string) => [...new Set(of(steps, key).flatMap((step) => step.rungs!))];
  const rungs = new Map([...first.keys()].map((key) => [key, rungsOf(key)]));
  const recorded = new Map([...new Set([...rungs.values()].flat())].map((rung) => [rung, record(() => rung)]));
  for (const [key, names] of rungs) {
    if (names.length < 2 || known(key)) continue;
    const candidates = new Map(names.map((rung) => [rung, of(recorded.get(rung)!, key)]));
    const taken = (all: readonly Step[]) => all.map((step) => step.rung).join();
    const usual = names.find((rung) => taken(candidates.get(rung)!) === taken(of(steps, key)))!;
    try {
      const seconds = await timed(device, candidates, tools, clock);
      const best = names.reduce((a, b) => seconds[b] < seconds[a] ? b : a);
      yield { key, usual, seconds, rung: seconds[best] <= BETTER * seconds[usual] ? best : usual };
    } catch (e) {
      if (!(e instanceof tools.LimitError || e instanceof tools.OutOfMemoryError)) throw e;
    }  // no room beside the training: the usual rung stays
  }
}

/**
 * Seconds of each candidate, all of them in the same memory, whatever it holds: of the best round, since what else the
 * machine does only adds.
 */
async function timed(
  device: Device, candidates: ReadonlyMap<string, readonly Step[]>,
  { Memory, Player, tensor, plan, single }: Tools, clock?: TimeSource,
): Promise<Record<string, number>> {
  const memory = new Memory(device), players = new Map<string, Player>(), tensors = new Map<string, Tensor>();
  const own = (name: string, { size }: Tensor) => {  // one for each binding and size: a kernel never binds one twice
    const key = `${name} ${size}`;
    return tensors.get(key) ?? tensors.set(key, tensor(name, [size])).get(key)!;
  };
  const ownOf = ({ kernel, tensors: theirs }: Step) =>
    Object.fromEntries(Object.keys(kernel.bindings).map((name) => [name, own(name, theirs[name])]));
  const moved = [...candidates].map(([rung, steps]) =>
    [rung, steps.map((step): Step => ({ ...step, tensors: ownOf(step) }))] as const);
  const run = (rungs: readonly string[], rounds: number) =>
    time(device, rungs.map((rung) => ({ player: players.get(rung)! })), { rounds, clock });
  try {
    const lasting = [...tensors.values()].map(single);
    await memory.grow(plan(moved.map(([, steps]) => steps), lasting, device.adapter.limits.binding));
    for (const t of tensors.values())
      for (let from = 0; from < Math.min(t.size, FILLED); from += NOISE.length)
        memory.write(t, NOISE.subarray(0, t.size - from), 4 * from);
    const seconds = new Map<string, number>();
    for (const [rung, steps] of moved) {
      players.set(rung, await Player.prepare(memory, `tuning of ${rung}`, steps));
      seconds.set(rung, (await run([rung], 2)).times[0].best);
    }
    const best = Math.min(...seconds.values());
    const hopeful = [...seconds.keys()].filter((rung) => seconds.get(rung)! <= HOPELESS * best);
    if (hopeful.length > 1)
      for (const [i, { best: least }] of (await run(hopeful, ROUNDS)).times.entries()) seconds.set(hopeful[i], least);
    return Object.fromEntries(seconds);
  } finally {
    for (const player of players.values()) player.destroy();
    memory.destroy();
  }
}
