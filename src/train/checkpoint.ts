// A checkpoint is a safetensors file: weights by PyTorch's names, optimizer states as optimizer.<state>.<name>, the
// weights of the best epoch as best.<name> (early stopping), and in its metadata where the training stands. A run
// restored from it ends in the same bits.
import { FormatError, OptionError } from "../errors.js";
import { fromTorch } from "../layout.js";
import { known } from "../options.js";
import { RING } from "./control.js";
import type { Best } from "./progress.js";
import type { Run } from "./run.js";
import { readSafetensors, writeSafetensors, type TensorToStore } from "./safetensors.js";
import { isChoices, type Choices } from "../tune/choices.js";
import type { Session } from "./session.js";
import { add, type Sums, type Tally } from "./tally.js";
import { checkState, inTorch, learnedOf, readArenas, stateOf, type StateDict } from "./weights.js";

/** Where a training stands. */
interface Position {
  /** Complete epochs, steps taken in the present one, and steps in all. */
  readonly epoch: number;
  readonly step: number;
  readonly steps: number;
  /** Learning rate of the last step; NaN before the first. */
  readonly lr: number;
  readonly history: readonly number[];
  readonly sums: Sums;
  /** Rungs that a tuner has chosen for the steps: another one adds in another order. */
  readonly choices: Choices;
}

/** What must be the same for a training to go on as if it had never stopped. */
const FIXED = ["optimizer", "seed", "batch", "images", "input", "augment", "normalise"] as const;

function fixedOf({ session, data: { size } }: Run): Readonly<Partial<Record<typeof FIXED[number], string>>> {
  const { optimizer, seed, batches: [batch], micro, network, augment, normalise } = session;
  return {
    optimizer: optimizer.name, seed: `${seed}`,
    batch: `${batch}${micro < batch ? ` in parts of ${micro}` : ""}`, images: `${size}`, input: network.input.join("×"),
    ...augment && { augment: augment.words }, ...normalise && { normalise: `${normalise.mean}/${normalise.std}` },
  };
}

/** Optimizer states, by "optimizer.<state>.<parameter>". All reads are queued before this returns. */
async function readStates({ memory, network, states, optimizer }: Session): Promise<StateDict> {
  const read = await Promise.all(optimizer.states.map((state) =>
    readArenas(memory, network.learned.map(({ parts }, i) => ({ whole: states[i][state], parts })))));
  return new Map(optimizer.states.flatMap((state, i) => [...learnedOf(network)].map(([name, parameter]) =>
    [`optimizer.${state}.${name}`, inTorch(parameter, read[i])] as const)));
}

function writeStates({ memory, network, states }: Session, state: string, values: StateDict): void {
  for (const [name, parameter] of learnedOf(network)) network.learned.forEach(({ parts }, i) => {
    const offset = parts.get(parameter.tensor);
    if (offset !== undefined) memory.write(states[i][state], fromTorch(parameter, values.get(name)!.data), 4 * offset);
  });
}

/** Weights as PyTorch's load_state_dict wants them: batch normalisations count their batches. */
function counted(weights: StateDict, steps: number): Map<string, TensorToStore> {
  const all = new Map<string, TensorToStore>();
  for (const [name, values] of weights) {
    all.set(name, values);
    if (/(^|\.)running_var$/.test(name)) all.set(
      name.replace(/running_var$/, "num_batches_tracked"), { shape: [], data: BigInt64Array.of(BigInt(steps)) },
    );
  }
  return all;
}

/** Where a run stands, as it alone knows. */
interface Standing extends Pick<Position, "step" | "lr" | "choices"> {
  readonly tally: Tally;
  /** The best epoch, if its weights are kept. */
  readonly best?: Promise<Best>;
}

/** What run.save() writes: of the steps taken until then, whatever happens while it is read. */
export async function writeCheckpoint(
  run: Run, { step, lr, choices, tally, best: kept }: Standing, options: { optimizer?: boolean; best?: boolean },
): Promise<Uint8Array<ArrayBuffer>> {
  const { optimizer = true, best: wanted = false } = known("save()", options, "optimizer, best");
  const { session, epoch } = run, { steps, memory } = session;
  const metadata = { format: "pt", producer: "convoy-gpu", epoch: `${epoch}`, seed: `${session.seed}` };
  if (wanted) {
    const best = await run.best();
    if (!best) throw new OptionError(
      "no epoch's weights are kept; train with keepBest: true, to the end of an epoch at least",
    );
    const weights = counted(best.weights, best.epoch * run.stepsPerEpoch);
    return writeSafetensors(weights, { ...metadata, epoch: `${best.epoch}`, loss: `${best.loss}` });
  }
  if (!optimizer) return writeSafetensors(counted(await run.weights(), steps), metadata);
  const sums = { ...tally }, history = JSON.stringify(run.history);
  const [weights, states, ring, best] = await Promise.all([
    run.weights(), readStates(session), memory.read(session.ring), kept,
  ]);
  for (let i = sums.seen; i < steps; i++) add(sums, ring.subarray(4 * (i % RING)));
  const tensors = counted(weights, steps);
  for (const [name, values] of states) tensors.set(name, values);
  for (const [name, values] of best?.weights ?? []) tensors.set(`best.${name}`, values);
  return writeSafetensors(tensors, {
    ...metadata, ...fixedOf(run), step: `${step}`, steps: `${steps}`, lr: `${lr}`, history,
    sums: JSON.stringify([sums.loss, sums.hits, sums.images]),
    ...Object.keys(choices).length && { rungs: JSON.stringify(choices) },
    ...best && { best: JSON.stringify([best.epoch, best.loss]) },
  });
}

/**
 * Puts a checkpoint's weights, statistics and states in place, and tells where it stands. Changes nothing unless all of
 * it fits.
 */
export function readCheckpoint(bytes: Uint8Array, run: Run, what: string): Position & { best?: Best } {
  const { tensors, metadata } = readSafetensors(bytes, what), fixed = fixedOf(run);
  const { session } = run, { network, memory, optimizer } = session;
  if (!metadata.has("optimizer") || !metadata.has("steps")) throw new FormatError(
    `${what} holds weights alone, nothing a training could go on with; for weights, use run.load(stateDict(bytes)), `
      + "and for the rest a file of run.save()",
  );
  for (const key of FIXED) {
    const saved = metadata.get(key), here = fixed[key];
    if (saved !== here) throw new FormatError(
      `${what}: ${key} is ${saved ?? "none"} there and ${here ?? "none"} here; train with the same ${key}, `
        + "or take the weights alone: run.load(stateDict(bytes))",
      { key, saved, here },
    );
  }
  const at = positionOf(metadata, run.stepsPerEpoch, what);

  const all = stateOf(tensors, what), weights: StateDict = new Map(), kept: StateDict = new Map();
  const states = new Map<string, StateDict>();
  for (const [name, values] of all) {
    const [, kind, state, of] = /^(best|optimizer\.([^.]+))\.(.+)$/s.exec(name) ?? [];
    const into = kind === "best" ? kept : states.get(state) ?? new Map();
    if (!kind || !network.params.has(of)) { weights.set(name, values); continue; }
    into.set(of, values);
    if (kind !== "best") states.set(state, into);
  }
  checkState(network.params, weights, what);
  const told = (names: Iterable<string>) => [...names].sort().join(" and ") || "no state";
  if (told(states.keys()) !== told(optimizer.states)) throw new FormatError(
    `${what}: the optimizer, ${optimizer.name}, keeps ${told(states.keys())} there and ${told(optimizer.states)} here; `
      + "train with the same, momentum and all",
    { saved: [...states.keys()], here: optimizer.states },
  );
  for (const [state, values] of states) checkState(learnedOf(network), values, `${what}, "${state}" of the optimizer,`);
  if (kept.size) checkState(network.params, kept, `${what}, the best epoch,`);

  for (const [name, parameter] of network.params)
    memory.write(parameter.tensor, fromTorch(parameter, weights.get(name)!.data));
  for (const [state, values] of states) writeStates(session, state, values);
  const [epoch, loss] = at.best;
  return { ...at, best: kept.size ? { epoch, loss, weights: kept } : undefined };
}

function positionOf(
  metadata: ReadonlyMap<string, string>, stepsPerEpoch: number, what: string,
): Position & { best: readonly number[] } {
  const damaged = (key: string, want: string): never => {
    throw new FormatError(
      `${what}: "${key}" of the metadata is ${want}, not ${JSON.stringify(metadata.get(key))}; `
        + "the file is damaged, or of another version: restore another",
      { key, got: metadata.get(key) },
    );
  };
  const count = (key: string, most: number) => {
    const text = metadata.get(key) ?? "";
    return /^\d+$/.test(text) && Number(text) <= most ? Number(text) : damaged(key, `a whole number up to ${most}`);
  };
  const numbers = (key: string, otherwise = ""): number[] => {
    let list: unknown;
    try { list = JSON.parse(metadata.get(key) ?? otherwise); } catch { damaged(key, "JSON"); }
    return Array.isArray(list) && list.every((v) => Number.isFinite(v))
      ? list as number[]
      : damaged(key, "a list of numbers (null: the training had diverged)");
  };
  const rungs = (): Choices => {
    let found: unknown;
    try { found = JSON.parse(metadata.get("rungs") ?? "{}"); } catch { /* below */ }
    return isChoices(found) ? found : damaged("rungs", "the name of a rung for each of some operators");
  };
  const [loss = 0, hits = 0, images = 0] = numbers("sums"), history = numbers("history"), lr = metadata.get("lr");
  const at = { epoch: count("epoch", 2 ** 32), step: count("step", stepsPerEpoch), steps: count("steps", 2 ** 32 - 1) };
  return {
    ...at, lr: lr === undefined ? NaN : Number(lr), history, sums: { loss, hits, images }, choices: rungs(),
    best: numbers("best", "[]"),
  };
}
