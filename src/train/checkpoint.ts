// A checkpoint is a safetensors file: weights by PyTorch's names, optimizer states as optimizer.<state>.<name>, the weights of the best
// epoch as best.<name> (early stopping), and in its metadata where the training stands. A run restored from it ends in the same bits.
import { FormatError } from "../errors.js";
import type { Dataset } from "../data/dataset.js";
import { fromTorch, toTorch, torchShape } from "../layout.js";
import { readSafetensors, writeSafetensors, type TensorToStore } from "./safetensors.js";
import { isChoices, type Choices } from "../tune/choices.js";
import type { Session } from "./session.js";
import { checkState, learnedOf, readArenas, stateOf, type StateDict } from "./weights.js";

/** Sums over the images of an epoch so far. */
export interface Sums { loss: number; hits: number; images: number }

export function add(sums: Sums, [loss, hits, images]: ArrayLike<number> & Iterable<number>): void {
  sums.loss += loss;
  sums.hits += hits;
  sums.images += images;
}

/** Where a training stands. */
export interface Position {
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

/** What must be the same for a training to go on as if it had never stopped, and what to do about it. */
export type Fixed = Readonly<Record<"optimizer" | "seed" | "batch" | "images" | "input", string> & Partial<Record<"augment" | "normalise", string>>>;
const ways: Required<Fixed> = {
  optimizer: "train with the same optimizer", seed: "train with the same seed", batch: "train with the same batch size",
  images: "train on the same images", input: "train on images of the same size",
  augment: "train with the same augmentation", normalise: "train with the same normalisation",
};

export function fixedOf({ optimizer, seed, batches: [batch], micro, network, augment, normalise }: Session, { size }: Dataset): Fixed {
  return { optimizer: optimizer.name, seed: `${seed}`, batch: `${batch}${micro < batch ? ` in parts of ${micro}` : ""}`, images: `${size}`, input: network.input.join("×"),
    ...augment && { augment: augment.words }, ...normalise && { normalise: JSON.stringify(normalise) } };
}

/** Optimizer states, by "optimizer.<state>.<parameter>". All reads are queued before this returns. */
export async function readStates({ memory, network, states, optimizer }: Session): Promise<StateDict> {
  const read = await Promise.all(optimizer.states.map((state) => readArenas(memory, network.learned.map(({ parts }, i) => ({ whole: states[i][state], parts })))));
  return new Map(optimizer.states.flatMap((state, i) => [...learnedOf(network)].map(([name, parameter]) =>
    [`optimizer.${state}.${name}`, { shape: torchShape(parameter), data: toTorch(parameter, read[i].get(parameter.tensor)!) }] as const)));
}

function writeStates({ memory, network, states }: Session, state: string, values: StateDict): void {
  for (const [name, parameter] of learnedOf(network)) network.learned.forEach(({ parts }, i) => {
    const offset = parts.get(parameter.tensor);
    if (offset !== undefined) memory.write(states[i][state], fromTorch(parameter, values.get(name)!.data), 4 * offset);
  });
}

/** Weights as PyTorch's load_state_dict wants them: batch normalisations count their batches. */
export function counted(weights: StateDict, steps: number): Map<string, TensorToStore> {
  const all = new Map<string, TensorToStore>();
  for (const [name, values] of weights) {
    all.set(name, values);
    if (/(^|\.)running_var$/.test(name)) all.set(name.replace(/running_var$/, "num_batches_tracked"), { shape: [], data: BigInt64Array.of(BigInt(steps)) });
  }
  return all;
}

export function writeCheckpoint(weights: StateDict, states: StateDict, best: StateDict | undefined, at: Position, fixed: Fixed, metadata: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer> {
  const { epoch, step, steps, lr, history, sums, choices } = at, tensors = counted(weights, steps);
  for (const [name, values] of states) tensors.set(name, values);
  for (const [name, values] of best ?? []) tensors.set(`best.${name}`, values);
  return writeSafetensors(tensors, { ...metadata, ...fixed, epoch: `${epoch}`, step: `${step}`, steps: `${steps}`, lr: `${lr}`,
    history: JSON.stringify(history), sums: JSON.stringify([sums.loss, sums.hits, sums.images]),
    ...Object.keys(choices).length && { rungs: JSON.stringify(choices) } });
}

/** Puts a checkpoint's weights, statistics and states in place, and tells where it stands. Changes nothing unless all of it fits. */
export function readCheckpoint(bytes: Uint8Array, session: Session, fixed: Fixed, stepsPerEpoch: number, what: string): Position & { best?: StateDict } {
  const { tensors, metadata } = readSafetensors(bytes, what), { network, memory, optimizer } = session;
  if (!metadata.has("optimizer") || !metadata.has("steps"))
    throw new FormatError(`${what} holds weights alone, nothing a training could go on with; for weights, use run.load(stateDict(bytes)), and for the rest a file of run.save()`);
  for (const [key, way] of Object.entries(ways)) {
    const saved = metadata.get(key), here = fixed[key as keyof Fixed];
    if (saved !== here) throw new FormatError(`${what}: ${key} is ${saved ?? "none"} there and ${here ?? "none"} here; ${way}, or take the weights alone: run.load(stateDict(bytes))`, { key, saved, here });
  }
  const at = positionOf(metadata, stepsPerEpoch, what);

  const all = stateOf(tensors, what), weights: StateDict = new Map(), best: StateDict = new Map(), states = new Map<string, StateDict>();
  for (const [name, values] of all) {
    const [, kind, state, of] = /^(best|optimizer\.([^.]+))\.(.+)$/s.exec(name) ?? [], into = kind === "best" ? best : states.get(state) ?? new Map();
    if (!kind || !network.params.has(of)) { weights.set(name, values); continue; }
    into.set(of, values);
    if (kind !== "best") states.set(state, into);
  }
  checkState(network.params, weights, what);
  const kept = (names: Iterable<string>) => [...names].sort().join(" and ") || "no state";
  if (kept(states.keys()) !== kept(optimizer.states))
    throw new FormatError(`${what}: the optimizer, ${optimizer.name}, keeps ${kept(states.keys())} there and ${kept(optimizer.states)} here; ${ways.optimizer}, momentum and all`, { saved: [...states.keys()], here: optimizer.states });
  for (const [state, values] of states) checkState(learnedOf(network), values, `${what}, "${state}" of the optimizer,`);
  if (best.size) checkState(network.params, best, `${what}, the best epoch,`);

  for (const [name, parameter] of network.params) memory.write(parameter.tensor, fromTorch(parameter, weights.get(name)!.data));
  for (const [state, values] of states) writeStates(session, state, values);
  return { ...at, ...best.size && { best } };
}

function positionOf(metadata: ReadonlyMap<string, string>, stepsPerEpoch: number, what: string): Position {
  const damaged = (key: string, want: string): never => {
    throw new FormatError(`${what}: "${key}" of the metadata is ${want}, not ${JSON.stringify(metadata.get(key))}; the file is damaged, or of another version: restore another`, { key, got: metadata.get(key) });
  };
  const count = (key: string, most: number) => {
    const text = metadata.get(key) ?? "";
    return /^\d+$/.test(text) && Number(text) <= most ? Number(text) : damaged(key, `a whole number up to ${most}`);
  };
  const numbers = (key: string): number[] => {
    let list: unknown;
    try { list = JSON.parse(metadata.get(key) ?? ""); } catch { damaged(key, "JSON"); }
    return Array.isArray(list) && list.every((v) => Number.isFinite(v)) ? list as number[] : damaged(key, "a list of numbers (null stands for a loss that was none: the training had diverged)");
  };
  const rungs = (): Choices => {
    let found: unknown;
    try { found = JSON.parse(metadata.get("rungs") ?? "{}"); } catch { /* below */ }
    return isChoices(found) ? found : damaged("rungs", "the name of a rung for each of some operators");
  };
  const [loss = 0, hits = 0, images = 0] = numbers("sums"), history = numbers("history"), lr = metadata.get("lr");
  const at = { epoch: count("epoch", 2 ** 32), step: count("step", stepsPerEpoch), steps: count("steps", 2 ** 32 - 1) };
  return { ...at, lr: lr === undefined ? NaN : Number(lr), history, sums: { loss, hits, images }, choices: rungs() };
}
