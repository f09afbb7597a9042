import { hostTime, roofline, type Roofline } from "./roofline.js";
import { bytes, macs, passes, passOf, type Pass } from "./cost.js";
import { digits, share, table } from "./table.js";
import { OptionError } from "../errors.js";
import { known } from "../options.js";
import { keep, time, type TimeSource, type Timing } from "../gpu/profiler.js";
import { touched, type Step } from "../gpu/recorder.js";
import type { Run } from "../train/run.js";
import type { Ready } from "../train/home.js";
import type { Session } from "../train/session.js";

/** What one layer takes in one pass of a training step. */
export interface ProfileRow {
  /**
   * Path and kind of the layer, "3" and "conv2d"; for what is no layer its name:
   * "data", "crossEntropy", "sgd", "metrics".
   */
  readonly path: string;
  readonly layer: string;
  readonly pass: Pass;
  /** Entry points, in order. */
  readonly kernels: readonly string[];
  readonly seconds: number;
  /** The quartiles of the rounds. */
  readonly low: number;
  readonly high: number;
  /** Of all dispatches together, 0 … 1. */
  readonly share: number;
  /** Operations a second, two for each multiply-add; 0 for what is not made of them. */
  readonly flops: number;
  /** Bytes a second, of those that it must move. */
  readonly bandwidth: number;
  /** The time that the adapter's roofline allows ÷ the time it takes. Above 1 where a cache is faster than memory. */
  readonly fraction: number;
}

/** What profile() gives: where the time of a training step goes. */
export interface Profile {
  readonly adapter: string;
  readonly batch: number;
  readonly clock: TimeSource;
  /** Seconds that the clock can tell apart. */
  readonly resolution: number;
  readonly roofline: Roofline;
  readonly rows: readonly ProfileRow[];
  readonly dispatches: number;
  /** Seconds of all dispatches, each in a pass of its own. */
  readonly seconds: number;
  /** Seconds of a step as it is played: one pass, one submit, steps one behind the other. */
  readonly step: number;
  /** Seconds of the host for each dispatch of a step. */
  readonly host: number;
  /** The table, for a terminal. */
  toString(): string;
}

/** What profile() takes beside the session. */
export interface ProfileOptions {
  /** Times each dispatch is timed. Default 7. */
  rounds?: number;
  /** Default what the adapter allows. */
  clock?: TimeSource;
  /** Measured before, so that it need not be again. */
  roofline?: Roofline;
}

const profiled = new WeakSet<Session>();  // now

/**
 * Times every dispatch of a training step where it stands: layer by layer, pass by pass. Afterwards everything is as it
 * was. Await it before the training goes on, or in its callbacks: throws an OptionError if it has gone on meanwhile,
 * and if the session is being profiled already.
 */
export async function profile(what: Session | Run, options: ProfileOptions = {}): Promise<Profile> {
  const session = "session" in what ? what.session : what;
  known("profile()", options, "rounds, clock, roofline");
  if (profiled.has(session)) throw new OptionError("this training is being profiled already; wait for that");
  profiled.add(session);
  try { return await profileAlone(session, options); } finally { profiled.delete(session); }
}

async function profileAlone(session: Session, options: ProfileOptions): Promise<Profile> {
  const { device, memory, plan: { places }, steps: taken } = session;
  const [{ program, player }] = session.ready;
  const roof = options.roofline ?? await roofline(device);
  const slots = new Set(session.plan.slots), { steps, batch } = program;
  const written = steps.flatMap((step) => touched(step, "read_write")).map((t) => places.get(t)!.buffer);
  const restore = keep(memory, written.filter((buffer) => !slots.has(buffer)));
  try {
    const step = await whole(player), host = await hostTime(device, player);
    const each = steps.map((_, i) => ({ player, from: i, to: i + 1 }));
    const { clock, resolution, times } = await time(device, each, options);
    const seconds = times.reduce((sum, { median }) => sum + median, 0);
    const rows = grouped(steps, times, program.graph.nodes, roof)
      .map((row) => ({ ...row, share: row.seconds / seconds }));
    const found = {
      adapter: device.adapter.name, batch, clock, resolution, roofline: roof, rows,
      dispatches: steps.length, seconds, step, host,
    };
    if (session.steps !== taken) throw new OptionError(
      `the training took ${session.steps - taken} steps while it was profiled, and they are lost; await profile()`,
    );
    return { ...found, toString: () => text(found) };
  } finally { restore(); }
}

/** Seconds of a whole step, by the wall clock. */
async function whole(player: Ready["player"]): Promise<number> {
  const { device } = player.memory, { gpu } = device, run = async (n: number) => {
    const began = performance.now();
    for (let i = 0; i < n; i++) player.play();
    await device.until(gpu.queue.onSubmittedWorkDone());
    return (performance.now() - began) / 1000 / n;
  };
  const once = (await run(1), await run(1)), times: number[] = [];
  for (let i = 0; i < 5; i++) times.push(await run(Math.max(1, Math.min(50, Math.ceil(0.1 / once)))));
  return times.sort((a, b) => a - b)[2];
}

type Layers = readonly { readonly path: string; readonly layer: { readonly name: string } }[];

/** Dispatches of one layer and pass, as one row, where the first of them stands. */
function grouped(
  steps: readonly Step[], times: readonly Timing[], nodes: Layers, roof: Roofline,
): Omit<ProfileRow, "share">[] {
  const groups = new Map<string, number[]>(), names = new Map(nodes.map(({ path, layer }) => [path, layer.name]));
  steps.forEach((step, i) => {
    const key = `${step.path} ${passOf(step)}`;
    groups.set(key, [...groups.get(key) ?? [], i]);
  });
  return [...groups.values()].map((members) => {
    const total = (of: (i: number) => number) => members.reduce((sum, i) => sum + of(i), 0);
    const { path } = steps[members[0]];
    const seconds = total((i) => times[i].median), flop = (i: number) => 2 * macs(steps[i]);
    const floor = total((i) => Math.max(flop(i) / roof.flops, bytes(steps[i]) / roof.bandwidth, roof.dispatch));
    return {
      path, layer: names.get(path) ?? path, pass: passOf(steps[members[0]]),
      kernels: members.map((i) => steps[i].kernel.entry),
      seconds, low: total((i) => times[i].low), high: total((i) => times[i].high),
      flops: total(flop) / seconds, bandwidth: total((i) => bytes(steps[i])) / seconds, fraction: floor / seconds,
    };
  });
}

function text(found: Omit<Profile, "toString">): string {
  const { adapter, batch, clock, resolution, roofline: roof, rows, dispatches, seconds, step, host } = found;
  const lines = rows.map((row) => [
    row.path === row.layer ? row.path : `${row.path} (${row.layer})`, row.pass, [...new Set(row.kernels)].join(", "),
    digits(1e3 * row.seconds), share(row.share),
    row.flops ? digits(row.flops / 1e9) : "", digits(row.bandwidth / 1e9), share(row.fraction),
  ]);
  const sums = passes.flatMap((pass) => {
    const sum = rows.filter((r) => r.pass === pass).reduce((all, r) => all + r.seconds, 0);
    return sum ? `${pass} ${digits(1e3 * sum)} ms` : [];
  });
  return [
    `${adapter}, batch ${batch}; times by ${clock}, which tells ${digits(1e6 * resolution)} µs apart`,
    `Roofline: ${digits(roof.flops / 1e9)} GFLOP/s, ${digits(roof.bandwidth / 1e9)} GB/s, `
      + `${digits(1e6 * roof.dispatch)} µs a dispatch`,
    "",
    table(["layer", "pass", "kernels", "ms", "share", "GFLOP/s", "GB/s", "roofline"], lines, { left: 3 }),
    "",
    `${dispatches} dispatches take ${digits(1e3 * seconds)} ms, each in a pass of its own: ${sums.join(", ")}`,
    `A step as it is played takes ${digits(1e3 * step)} ms, ${digits(batch / step)} images/s; `
      + `the host takes ${digits(1e6 * host)} µs a dispatch.`,
  ].join("\n");
}
