import { ConvoyError, LimitError } from "./errors.js";
import { align, root, type Arena, type Step, type Tensor } from "./gpu/recorder.js";

/** Where a tensor lives, in bytes. */
interface Place { readonly buffer: number; readonly offset: number; readonly bytes: number }

/** A tensor with a buffer of its own. */
export const single = (t: Tensor): Arena => ({ whole: t, parts: new Map() });

export interface Plan {
  readonly places: ReadonlyMap<Tensor, Place>;
  /** Bytes of each buffer. */
  readonly buffers: readonly number[];
  /** Which of them are slots: memory that tensors of one step share, and programs too. */
  readonly slots: readonly number[];
}

/** Packs tensors into as few arenas as fit `limit` bytes each, in order; offsets are multiples of 256 bytes. */
export function arenas(name: string, tensors: readonly Tensor[], limit: number): Arena[] {
  const packed: Map<Tensor, number>[] = [], ends: number[] = [];
  for (const t of tensors) {
    within(t, limit);
    if (!packed.length || 4 * (ends.at(-1)! + t.size) > limit) { packed.push(new Map()); ends.push(0); }
    packed.at(-1)!.set(t, ends.at(-1)!);
    ends.push(ends.pop()! + align(t.size));
  }
  return packed.map((parts, i) => {
    const size = Math.min(ends[i], Math.floor(limit / 4));
    return { whole: { name: packed.length > 1 ? `${name} ${i}` : name, shape: [size], size }, parts };
  });
}

/** Throws a LimitError unless the device can bind the tensor. */
function within(t: Tensor, limit: number) {
  const bytes = 4 * t.size;
  if (bytes > limit) throw new LimitError(
    `${t.name} [${t.shape.join(", ")}] takes ${bytes.toLocaleString("en")} bytes; `
      + `this device binds at most ${limit.toLocaleString("en")}`,
    { tensor: t.name, shape: t.shape, bytes, limit });
}

/** The place of a view, whose root has this place. */
const range = ({ offset = 0, size }: Tensor, place: Place): Place =>
  ({ ...place, offset: place.offset + 4 * offset, bytes: 4 * size });

/** First and last step that touch each tensor without a place of its own. */
export function lifetimes(
  steps: readonly Step[], placed: (t: Tensor) => boolean,
): Map<Tensor, readonly [first: number, last: number]> {
  const life = new Map<Tensor, readonly [number, number]>();
  steps.forEach(({ tensors }, i) => {
    for (const t of Object.values(tensors).map(root)) if (!placed(t)) life.set(t, [life.get(t)?.[0] ?? i, i]);
  });
  return life;
}

/**
 * Where each tensor lives. `kept` are the long-lived ones, each arena a buffer of its own; so has a constant. All other
 * tensors share slots: two whose lives do not meet may use one; biggest first, first slot that is free. Slots are whole
 * buffers, never ranges of one: WebGPU refuses a dispatch that binds one buffer both "read" and "read_write", even for
 * ranges that do not touch. Programs are never played at once, so they share slots too. A plan can grow: `base` keeps
 * its places, an arena of it gets further parts.
 */
export function plan(
  programs: readonly (readonly Step[])[], kept: readonly Arena[], limit = 2 ** 27, base?: Plan,
): Plan {
  const places = new Map(base?.places), buffers = [...base?.buffers ?? []];
  const slots = [...base?.slots ?? []], known = slots.length;
  for (const { whole, parts } of kept) {
    within(whole, limit);
    const buffer = places.get(whole)?.buffer ?? buffers.push(4 * whole.size) - 1;
    places.set(whole, { buffer, offset: 0, bytes: 4 * whole.size });
    for (const [t, offset] of parts) places.set(t, { buffer, offset: 4 * offset, bytes: 4 * t.size });
  }
  for (const steps of programs) {
    for (const { tensors } of steps) for (const t of Object.values(tensors)) if (t.values && !places.has(t)) {
      within(t, limit);
      places.set(t, { buffer: buffers.push(4 * t.size) - 1, offset: 0, bytes: 4 * t.size });
    }
    const taken = new Map<number, (readonly [number, number])[]>(), own = new Map<Tensor, Place>();
    for (const [t, [first, last]] of [...lifetimes(steps, (t) => places.has(t))].sort(([a], [b]) => b.size - a.size)) {
      within(t, limit);
      const bytes = 4 * t.size;
      // A buffer that exists already cannot grow; one that is only planned so far can.
      const fits = (buffer: number, i: number) => (i >= known || buffers[buffer] >= bytes)
        && (taken.get(buffer) ?? []).every(([a, b]) => last < a || b < first);
      let buffer = slots.find(fits);
      if (buffer === undefined) slots.push(buffer = buffers.push(0) - 1);
      buffers[buffer] = Math.max(buffers[buffer], bytes);
      taken.set(buffer, [...taken.get(buffer) ?? [], [first, last]]);
      own.set(t, { buffer, offset: 0, bytes });
    }
    for (const [t, place] of own) places.set(t, place);
    for (const { tensors } of steps)
      for (const t of Object.values(tensors)) if (!places.has(t)) places.set(t, range(t, places.get(root(t))!));
    verify(steps, places, new Set(slots));
  }
  return { places, buffers, slots };
}

/** What no plan may do: bind one buffer both ways in a step, or read a shared slot that holds something else by now. */
function verify(steps: readonly Step[], places: ReadonlyMap<Tensor, Place>, slots: ReadonlySet<number>) {
  const holds = new Map<number, Tensor>();
  steps.forEach(({ kernel, tensors, path }, i) => {
    const bug = (why: string) => {
      throw new ConvoyError("plan", `step ${i} (${path} ${kernel.entry}): ${why}; `
        + "this is a bug in a layer or in the planner");
    };
    const bound = Object.entries(kernel.bindings).map(([name, [, access]]) => {
      const t = tensors[name] ?? bug(`no tensor is bound to ${name}`);
      return { access, t, place: places.get(t)! };
    });
    for (const { access, t, place: { buffer } } of bound) {
      const held = holds.get(buffer);
      if (access === "read" && slots.has(buffer) && held !== root(t))
        bug(`it reads ${t.name}, which ${held ? `${held.name} has replaced` : "no step has written"}`);
      const read = bound.find((b) => b.access === "read" && b.place.buffer === buffer);
      if (access === "read_write" && read) bug(`it reads ${read.t.name} from the buffer that it writes ${t.name} to`);
    }
    for (const { access, t, place } of bound) if (access === "read_write") holds.set(place.buffer, root(t));
  });
}

/** Bytes that a step takes for what lives no longer than it. */
export interface MemoryUse {
  /** Bytes of the slots that activations, their gradients and scratch share. */
  readonly slots: number;
  /** The most bytes alive at once: no plan can need less. */
  readonly bound: number;
  /** What they would take side by side. */
  readonly sum: number;
}

/** How much memory the tensors of a step take that live no longer than it. */
export function memoryUse(steps: readonly Step[], { places, buffers, slots }: Plan): MemoryUse {
  const shared = new Set(slots), life = lifetimes(steps, (t) => !shared.has(places.get(t)!.buffer));
  const alive = steps.map(() => 0);
  let sum = 0;
  for (const [t, [first, last]] of life) {
    sum += 4 * t.size;
    for (let i = first; i <= last; i++) alive[i] += 4 * t.size;
  }
  const used = new Set([...life.keys()].map((t) => places.get(t)!.buffer));
  return { slots: [...used].reduce((bytes, b) => bytes + buffers[b], 0), bound: Math.max(0, ...alive), sum };
}
