import { roofline_copy, roofline_fma, roofline_nothing } from "../generated/roofline.js";
import type { Device } from "../gpu/device.js";
import { Memory } from "../gpu/memory.js";
import { Player } from "../gpu/player.js";
import { time, type TimeSource } from "../gpu/profiler.js";
import { Recorder, tensor } from "../gpu/recorder.js";
import { plan } from "../plan.js";

/** The most that was seen of an adapter: no kernel can do better than the slowest of the three allows. */
export interface Roofline {
  /** Operations a second of multiply-adds out of registers, two each. */
  readonly flops: number;
  /** Bytes a second that a copy by vec4 reads and writes, of buffers that no cache holds. */
  readonly bandwidth: number;
  /** Seconds that an empty dispatch takes, one of many in a pass. */
  readonly dispatch: number;
  /** Seconds of the host that encoding and submitting one takes. */
  readonly host: number;
  readonly clock: TimeSource;
}

const INVOCATIONS = 2 ** 15, EMPTY = 300;

/** Measures an adapter's limits, in about a second. */
export async function roofline(device: Device): Promise<Roofline> {
  const size = Math.floor(Math.min(2 ** 26, device.adapter.limits.binding) / 64);  // 64 MiB to read and 64 to write
  const x = tensor("x", [size, 16]), y = tensor("y", [size, 16]), sums = tensor("sums", [INVOCATIONS]);
  const memory = new Memory(device), players: Player[] = [];
  const open = async (label: string, record: (rec: Recorder) => void) => {
    const rec = new Recorder();
    record(rec);
    players.push(await Player.prepare(memory, label, rec.steps));
    return players.at(-1)!;
  };
  const fma = (FUSED: number, rounds: number) => open("fma", (rec) =>
    rec.dispatch(roofline_fma, { sums }, { size: INVOCATIONS, rounds, a: 0.5, b: 1, FUSED }, INVOCATIONS));
  try {
    const arenas = [x, y, sums].map((whole) => ({ whole, parts: new Map() }));
    await memory.grow(plan([], arenas, device.adapter.limits.binding));
    const params = { size, rounds: 0, a: 0, b: 0, FUSED: 0 };
    const copy = await open("copy", (rec) => rec.dispatch(roofline_copy, { x, y }, params, size));
    const nothing = await open("nothing", (rec) => {
      for (let i = 0; i < EMPTY; i++) rec.dispatch(roofline_nothing, {}, params, 1);
    });
    const short = await time(device, [{ player: await fma(1, 16) }], { rounds: 3 });
    const rounds = Math.min(2 ** 16, Math.ceil(16 * Math.max(1, 0.01 / short.times[0].median)));
    const { times: [fused, apart, copied, empty], clock } = await time(device, [
      { player: await fma(1, rounds) }, { player: await fma(0, rounds) }, { player: copy }, { player: nothing },
    ]);
    return {
      flops: 256 * rounds * INVOCATIONS / Math.min(fused.best, apart.best),
      bandwidth: 8 * x.size / copied.best, dispatch: empty.median / EMPTY,
      host: await hostTime(device, nothing), clock,
    };
  } finally {
    for (const player of players) player.destroy();
    memory.destroy();
  }
}

/**
 * Seconds of the host for each dispatch that a player encodes and submits, while plays follow each other as in
 * training. Of the best of several groups, since what else the machine does only adds; a group has several plays, since
 * pages' clocks are coarse.
 */
export async function hostTime(device: Device, player: Player): Promise<number> {
  const plays = 4;
  let best = Infinity;
  for (let group = 0; group < 3; group++) {
    player.play();  // the first behind a wait finds cold caches
    const began = performance.now();
    for (let i = 0; i < plays; i++) player.play();
    best = Math.min(best, performance.now() - began);
    await device.until(device.gpu.queue.onSubmittedWorkDone());
  }
  return best / 1000 / (plays * player.dispatches.length);
}
