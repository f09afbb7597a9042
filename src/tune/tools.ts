import { LimitError, OutOfMemoryError } from "../errors.js";
import { Memory } from "../gpu/memory.js";
import { Player } from "../gpu/player.js";
import { tensor } from "../gpu/recorder.js";
import { plan, single } from "../plan.js";

/**
 * What measure.ts takes of the library. It is given it, for it is loaded late: had it imports, bundlers would move what
 * those need into a file apart, half a kB for every page.
 */
export const tools = { LimitError, OutOfMemoryError, Memory, Player, tensor, plan, single };
export type Tools = typeof tools;
