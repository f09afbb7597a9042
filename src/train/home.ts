import { LimitError } from "../errors.js";
import type { Device } from "../gpu/device.js";
import { Memory } from "../gpu/memory.js";
import { Player } from "../gpu/player.js";
import type { Arena } from "../gpu/recorder.js";
import { plan, type Plan } from "../plan.js";
import type { Program } from "./programs.js";

export interface Ready<P = Program> { readonly program: P; readonly player: Player }
/** What Home.add() has made, and what frees it. */
export interface Added<P = Program> {
  readonly ready: readonly Ready<P>[];
  /** That of so many images. */
  of(batch: number): Ready<P> | undefined;
  undo(): void;
}
/** What a plan was before something was added, and whether that is gone. */
interface Extension { readonly before: Plan; gone: boolean }
/** What is added: a program, but for what only its user reads. */
type Addable = Pick<Program, "label" | "steps" | "batch">;

/** Memory on a device, and the plan of what lies there, which grows and shrinks as programs come and go. */
export class Home {
  readonly memory: Memory;
  plan: Plan = { places: new Map(), buffers: [], slots: [] };
  readonly #extensions: Extension[] = [];  // of the plan, one upon the other
  #adding: Promise<unknown> = Promise.resolve();

  constructor(readonly device: Device) { this.memory = new Memory(device); }

  /**
   * Plans further programs into the memory there is, makes what is missing, and prepares them for playing: one call at
   * a time, for each plan goes on from the last. `undo` frees it again, in its turn too, and once nothing that was
   * added later counts on its buffers; so does a failure.
   */
  add<P extends Addable>(
    programs: readonly P[], kept: readonly Arena[], largest: () => number,
  ): Promise<Added<P>> {
    const adding = this.#adding.then(() => addPrograms(this, this.#extensions, programs, kept, largest));
    this.#adding = adding.catch(() => {});
    return adding.then((added) => ({ ...added, undo: () => { this.#adding = this.#adding.then(added.undo); } }));
  }
}

async function addPrograms<P extends Addable>(
  home: Home, extensions: Extension[], programs: readonly P[], kept: readonly Arena[], largest: () => number,
): Promise<Added<P>> {
  const { device, memory, plan: before } = home, ready: Ready<P>[] = [];
  let mine: Extension | undefined;
  const undo = () => {
    for (const { player } of ready) player.destroy();
    if (mine) mine.gone = true;
    while (extensions.at(-1)?.gone) memory.shrink(home.plan = extensions.pop()!.before);
  };
  try {
    const after = plan(programs.map((p) => p.steps), kept, device.adapter.limits.binding, before);
    await memory.grow(after);
    extensions.push(mine = { before, gone: false });
    home.plan = after;
    for (const program of programs)
      ready.push({ program, player: await Player.prepare(memory, program.label, program.steps) });
    return { ready, undo, of: (batch) => ready.find(({ program }) => program.batch === batch) };
  } catch (e) {
    undo();
    if (!(e instanceof LimitError)) throw e;
    const fits = largest(), way = fits
      ? `the largest batch that fits is ${fits}; microBatch takes a larger one in parts`
      : "no batch fits: use a smaller input, fewer channels, or another adapter";
    throw new LimitError(`${e.message}; ${way}`, { ...e.details, largestBatch: fits }, e);
  }
}
