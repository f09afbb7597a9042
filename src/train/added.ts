import { LimitError } from "../errors.js";
import { Player } from "../gpu/player.js";
import type { Arena } from "../gpu/recorder.js";
import { plan, type Plan } from "../plan.js";
import type { Program } from "./programs.js";
import type { Session } from "./session.js";

export interface Ready<P = Program> { readonly program: P; readonly player: Player }
/** What Session.add() has made, and what frees it. */
export interface Added<P = Program> {
  readonly ready: readonly Ready<P>[];
  /** That of so many images. */
  of(batch: number): Ready<P> | undefined;
  undo(): void;
}
/** What a plan was before something was added, and whether that is gone. */
export interface Extension { readonly before: Plan; gone: boolean }

/** Plans programs into a session's memory, makes what is missing, prepares them for playing. A failure undoes it. */
export async function addPrograms<P extends Pick<Program, "label" | "steps" | "batch">>(
  session: Pick<Session, "device" | "memory" | "plan">, extensions: Extension[], programs: readonly P[],
  kept: readonly Arena[], largest: () => number,
): Promise<Added<P>> {
  const { device, memory, plan: before } = session, ready: Ready<P>[] = [];
  let mine: Extension | undefined;
  const undo = () => {
    for (const { player } of ready) player.destroy();
    if (mine) mine.gone = true;
    while (extensions.at(-1)?.gone) memory.shrink(session.plan = extensions.pop()!.before);
  };
  try {
    const after = plan(programs.map((p) => p.steps), kept, device.adapter.limits.binding, before);
    await memory.grow(after);
    extensions.push(mine = { before, gone: false });
    session.plan = after;
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
