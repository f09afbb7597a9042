// How tests that train go through a run.
import type { Memory } from "../src/gpu/memory.js";
import type { Run, StateDict } from "../src/index.js";
import type { Network } from "../src/train/network.js";
import { inTorch, learnedOf, readArenas } from "../src/train/weights.js";

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

/** Gradients of the last step, by the names of their parameters. */
export async function readGradients(memory: Memory, network: Network): Promise<StateDict> {
  const whole = network.learned.map(({ parts }, i) => ({ whole: network.gradients[i].whole, parts }));
  const values = await readArenas(memory, whole);
  return new Map([...learnedOf(network)].map(([name, parameter]) => [name, inTorch(parameter, values)]));
}
