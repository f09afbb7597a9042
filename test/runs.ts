// How tests that train go through a run.
import type { Run } from "../src/index.js";

/** Takes so many steps, then stops. */
export async function stepped(run: Run, steps: number): Promise<void> {
  run.pause();
  const loop = run.finish();
  for (let i = 0; i < steps; i++) await run.step();
  run.stop();
  await loop;
}

/** The checkpoint of a run after so many steps, or at its end. The run is gone then. */
export async function saved(run: Run, steps = Infinity): Promise<Uint8Array> {
  await (steps < Infinity ? stepped(run, steps) : run.finish());
  try { return await run.save(); } finally { run.destroy(); }
}
