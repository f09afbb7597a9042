import type { Device } from "./device.js";
import type { Memory } from "./memory.js";
import type { Player } from "./player.js";

const MAP_READ = 1, COPY_SRC = 4, COPY_DST = 8, QUERY_RESOLVE = 512;  // GPUBufferUsage
const PASSES = 2048;      // a query set holds 4096 timestamps
const LONG = 0.5;         // seconds of work that go into one submit: browsers kill what takes many
const MOST = 4096;        // repetitions
const BUDGET = 3;         // seconds that all rounds of one run may take: slow ones have fewer
const STILL = 250;        // milliseconds in which any clock moves: timestamps that have not are none

/** Dispatches of a player that are timed together, in a pass of their own: from `from` to before `to`, default all. */
export interface Timed { readonly player: Player; readonly from?: number; readonly to?: number }

/** Where times come from: the GPU's own timestamps or, where it has none, the host's clock around whole submits. */
export type TimeSource = "timestamps" | "wall clock";

/** Seconds of one run of the dispatches: the middle one of several rounds, the quartiles, and the shortest. */
export interface Timing { readonly median: number; readonly low: number; readonly high: number; readonly best: number }

interface Timings {
  readonly clock: TimeSource;
  /** Seconds between two values that the clock can show. */
  readonly resolution: number;
  readonly times: readonly Timing[];
}

interface Repeated extends Timed { readonly repeat: number }

/**
 * Times dispatches, all of them in turn in each round. What is too short for the clock is repeated until it takes 100
 * times the clock's resolution, at most 5 ms (of the wall clock: 5 ms, less what an empty submit takes),
 * so dispatches must bear being run again.
 */
export async function time(
  device: Device, runs: readonly Timed[],
  { rounds = 7, clock = device.adapter.timestamps ? "timestamps" : "wall clock" }: {
    rounds?: number; clock?: TimeSource;
  } = {},
): Promise<Timings> {
  const once = clock === "timestamps" ? byTimestamps : byWallClock, repeat = runs.map(() => 1);
  let resolution = 0;
  let took = (await once(device, runs.map((run) => ({ ...run, repeat: 1 })))).seconds;  // warms up
  for (let tries = 0, short = true; short && tries < 6; tries++) {
    const began = performance.now();
    ({ seconds: took, resolution } = await once(device, runs.map((run, i) => ({ ...run, repeat: repeat[i] })), took));
    const still = clock === "timestamps" && !resolution;
    if (still && (performance.now() - began > STILL || repeat.every((n) => n === MOST)))
      return time(device, runs, { rounds, clock: "wall clock" });
    const least = clock === "timestamps" && !still ? Math.min(5e-3, 100 * resolution) : 5e-3;
    short = false;
    took.forEach((seconds, i) => {
      if (seconds >= least || repeat[i] === MOST) return;
      repeat[i] = Math.min(MOST, Math.ceil(repeat[i] * Math.min(16, Math.max(1.2, 1.2 * least / seconds))));
      short = true;
    });
  }
  const all: number[][] = runs.map(() => []);
  for (let round = 0; round < rounds; round++) {
    const now = [...runs.keys()].filter((i) => round * took[i] < BUDGET);
    const repeated = now.map((i) => ({ ...runs[i], repeat: repeat[i] }));
    const { seconds } = await once(device, repeated, took.filter((_, i) => now.includes(i)));
    seconds.forEach((s, i) => all[now[i]].push(s / repeat[now[i]]));
  }
  return { clock, resolution, times: all.map(spread) };
}

/** Median, quartiles and the least. */
export function spread(values: readonly number[]): Timing {
  const sorted = values.toSorted((a, b) => a - b), at = (share: number) => {
    const place = share * (sorted.length - 1), low = Math.floor(place);
    return sorted[low] + (place - low) * (sorted[Math.ceil(place)] - sorted[low]);
  };
  return { median: at(0.5), low: at(0.25), high: at(0.75), best: sorted[0] };
}

interface Measured { readonly seconds: Float64Array; readonly resolution: number }
type Once = (device: Device, runs: readonly Repeated[], expected?: Float64Array) => Promise<Measured>;

/** Every run in a pass between two timestamps, all in one submit unless they are many or long. */
const byTimestamps: Once = async (device, runs, expected) => {
  const { gpu } = device, seconds = new Float64Array(runs.length);
  const most = Math.min(PASSES, runs.length), bytes = 16 * most;
  const querySet = gpu.createQuerySet({ type: "timestamp", count: 2 * most });
  const resolved = gpu.createBuffer({ label: "timestamps", size: bytes, usage: QUERY_RESOLVE | COPY_SRC });
  const staging = gpu.createBuffer({ label: "timestamps staging", size: bytes, usage: MAP_READ | COPY_DST });
  let step = 0n;
  try {
    for (let from = 0, to = 0; from < runs.length; from = to) {
      const encoder = gpu.createCommandEncoder({ label: "profile" });
      let long = 0;
      while (to < runs.length && to - from < most && (to === from || long < LONG)) {
        const at = 2 * (to - from);
        encode(encoder, runs[to], { querySet, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 });
        long += expected?.[to] ?? LONG;
        to++;
      }
      encoder.resolveQuerySet(querySet, 0, 2 * (to - from), resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, bytes);
      gpu.queue.submit([encoder.finish()]);
      await device.until(staging.mapAsync(1));
      const ticks = new BigUint64Array(staging.getMappedRange().slice(0));
      staging.unmap();
      for (let i = from; i < to; i++) {
        const [begin, end] = ticks.subarray(2 * (i - from));
        seconds[i] = Number(end - begin) / 1e9;
        step = divisor(divisor(step, begin - ticks[0]), end - ticks[0]);
      }
    }
  } finally { for (const made of [querySet, resolved, staging]) made.destroy(); }
  return { seconds, resolution: Number(step) / 1e9 };
};

/** Every run in a submit of its own, waited for; the shortest of some empty submits is taken off. */
const byWallClock: Once = async (device, runs) => {
  const { gpu } = device, seconds = new Float64Array(runs.length);
  const submit = async (run?: Repeated) => {
    const began = performance.now(), encoder = gpu.createCommandEncoder({ label: "profile" });
    if (run) encode(encoder, run);
    gpu.queue.submit([encoder.finish()]);
    await device.until(gpu.queue.onSubmittedWorkDone());
    return (performance.now() - began) / 1000;
  };
  let empty = Infinity;
  for (let i = 0; i < 5; i++) empty = Math.min(empty, await submit());
  for (const [i, run] of runs.entries()) seconds[i] = Math.max(0, await submit(run) - empty);
  return { seconds, resolution: empty };
};

function encode(
  encoder: GPUCommandEncoder, { player, from = 0, to = player.dispatches.length, repeat }: Repeated,
  timestampWrites?: GPUComputePassTimestampWrites,
): void {
  const pass = encoder.beginComputePass({ label: player.label, ...timestampWrites && { timestampWrites } });
  for (let i = 0; i < repeat; i++) player.encode(pass, from, to);
  pass.end();
}

/** The largest number that divides both. */
function divisor(a: bigint, b: bigint): bigint {
  for ([a, b] = [a < 0n ? -a : a, b < 0n ? -b : b]; b; ) [a, b] = [b, a % b];
  return a;
}

/** Copies buffers of a plan, by their numbers; the result puts the copies back, once. */
export function keep(memory: Memory, numbers: Iterable<number>): () => void {
  const { gpu } = memory.device, kept = [...new Set(numbers)].map((i) => {
    const buffer = memory.buffer(i), { size } = buffer;
    return { buffer, size, copy: gpu.createBuffer({ label: `copy of buffer ${i}`, size, usage: COPY_SRC | COPY_DST }) };
  });
  const all = (copy: (encoder: GPUCommandEncoder, from: typeof kept[number]) => void) => {
    const encoder = gpu.createCommandEncoder({ label: "keep buffers" });
    for (const one of kept) copy(encoder, one);
    gpu.queue.submit([encoder.finish()]);
  };
  all((encoder, { buffer, copy, size }) => encoder.copyBufferToBuffer(buffer, 0, copy, 0, size));
  return () => {
    all((encoder, { buffer, copy, size }) => encoder.copyBufferToBuffer(copy, 0, buffer, 0, size));
    for (const { copy } of kept) copy.destroy();
  };
}
