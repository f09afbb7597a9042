import { plain } from "../data/idx.js";
import { FormatError } from "../errors.js";
import type { Memory } from "../gpu/memory.js";
import type { Arena, Tensor } from "../gpu/recorder.js";
import type { Init } from "../layers/init.js";
import type { Parameter } from "../graph.js";
import { fromTorch, toTorch, torchShape } from "../layout.js";
import { random } from "../random.js";
import type { Network } from "./network.js";
import { readSafetensors, type StoredTensor } from "./safetensors.js";

/** Values with PyTorch's shape and order, by state_dict name. */
export type StateDict = Map<string, { readonly shape: readonly number[]; readonly data: Float32Array<ArrayBuffer> }>;

/**
 * First values of everything, from a seed; each parameter draws from a stream of its own. `init` is for weights of two
 * axes or more.
 */
export function initialise(memory: Memory, network: Network, seed: number, init?: Init): void {
  let stream = 0;
  for (const { tensor, spec, learned, frozen } of network.params.values()) {
    const first = init && (learned || frozen) && spec.shape.length > 1 ? init : spec.init;
    memory.write(tensor, first(tensor.size, spec.fan, random(seed, stream++)));
  }
}

/** Parameters and running statistics, all as they are once what is queued now has run. */
export async function readWeights(memory: Memory, network: Network): Promise<StateDict> {
  const values = await readArenas(memory, [...network.learned, ...network.others]);
  return new Map([...network.params].map(([name, parameter]) => [name, inTorch(parameter, values)]));
}

/** A parameter, or what goes with it, as PyTorch has it, out of what was read. */
export const inTorch = (parameter: Parameter, values: ReadonlyMap<Tensor, Float32Array<ArrayBuffer>>) =>
  ({ shape: torchShape(parameter), data: toTorch(parameter, values.get(parameter.tensor)!) });

/** The parameters that are learned, by name. */
export const learnedOf = (network: Network): Map<string, Parameter> =>
  new Map([...network.params].filter(([, p]) => p.learned));

/** Reads arenas apart. All copies are queued before this returns: a step that is taken meanwhile does not show. */
export async function readArenas(
  memory: Memory, arenas: readonly Arena[],
): Promise<Map<Tensor, Float32Array<ArrayBuffer>>> {
  const read = await Promise.all(arenas.map(({ whole }) => memory.read(whole)));
  return new Map(arenas.flatMap(({ parts }, i) =>
    [...parts].map(([t, offset]) => [t, read[i].slice(offset, offset + t.size)] as const)));
}

/** What came of loading weights that need not fit, by name. */
export interface LoadReport {
  readonly loaded: readonly string[];
  /** In the network but not in the state: they keep their values. */
  readonly missing: readonly string[];
  /** In the state but not in the network. */
  readonly unexpected: readonly string[];
  /** In both, in different shapes: a head for other classes. The network's keep their values. */
  readonly mismatched: readonly {
    readonly name: string;
    readonly got: readonly number[];
    readonly want: readonly number[];
  }[];
}

/**
 * Replaces all parameters and running statistics; nothing is written unless every name and shape fits. With
 * `strict: false` it takes what fits and tells the rest; a FormatError where nothing does.
 */
export function writeWeights(
  memory: Memory, network: Network, state: StateDict, { what = "the state", strict = true } = {},
): LoadReport {
  const { params } = network, mismatched: LoadReport["mismatched"][number][] = [];
  if (!(state instanceof Map && [...state.values()].every((v) => v?.data instanceof Float32Array)))
    throw new FormatError("weights are a Map of names to { shape, data: Float32Array }, as stateDict(bytes) gives it");
  if (strict) checkState(params, state, what);
  const loaded = [...params].filter(([name, parameter]) => {
    const values = state.get(name), want = torchShape(parameter);
    if (!values || (values.shape.join() === want.join() && values.data.length === parameter.tensor.size)) return values;
    mismatched.push({ name, got: values.shape, want });
    return false;
  });
  const missing = [...params.keys()].filter((name) => !state.has(name));
  const unexpected = [...state.keys()].filter((name) => !params.has(name) && !counts(name));
  if (!loaded.length && params.size) throw new FormatError(
    `${what} is of another network: nothing in it fits; it has ${some([...state.keys()])}, `
      + `the network ${some([...params.keys()])}`,
    { missing, unexpected, mismatched },
  );
  for (const [name, parameter] of loaded) memory.write(parameter.tensor, fromTorch(parameter, state.get(name)!.data));
  return { loaded: loaded.map(([name]) => name), missing, unexpected, mismatched };
}

/** Throws a FormatError unless there are values for exactly these parameters, in their shapes. */
export function checkState(params: ReadonlyMap<string, Parameter>, state: StateDict, what: string): void {
  const missing = [...params.keys()].filter((name) => !state.has(name));
  const unknown = [...state.keys()].filter((name) => !params.has(name) && !counts(name));
  if (missing.length || unknown.length) throw new FormatError(`${what} is of another network: ${[
    missing.length && `it lacks ${some(missing)}`,
    unknown.length && `it has ${some(unknown)}, which the network has not`,
  ].filter(Boolean).join("; ")}`, { missing, unknown });
  for (const [name, parameter] of params) {
    const { shape, data } = state.get(name)!, want = torchShape(parameter);
    if (shape.join() !== want.join() || data.length !== parameter.tensor.size) throw new FormatError(
      `${what}: ${name} is [${shape.join(", ")}], the network's is [${want.join(", ")}]`, { name, got: shape, want },
    );
  }
}

/**
 * The weights in a safetensors file, of PyTorch or of run.save(), for run.load(). What else a checkpoint holds is left
 * out. Every fault is a FormatError that begins with `what`, the name of the file.
 */
export function stateDict(bytes: Uint8Array, what = "the file"): StateDict {
  if (String.fromCharCode(...plain(bytes, what).subarray(0, 4)) === "PK\x03\x04") throw new FormatError(
    `${what} is a zip, as torch.save writes; `
      + 'save with safetensors.torch.save_file(model.state_dict(), "model.safetensors")',
  );
  const { tensors } = readSafetensors(bytes, what), rest = /^(?:optimizer\.[^.]+|best)\.(.+)$/s;
  return stateOf(new Map([...tensors].filter(([name]) => !tensors.has(rest.exec(name)?.[1] ?? ""))), what);
}

/** Tensors of a file as numbers, but for PyTorch's counts of batches. */
export function stateOf(tensors: ReadonlyMap<string, StoredTensor>, what: string): StateDict {
  const state: StateDict = new Map();
  for (const [name, { dtype, shape, data }] of tensors) {
    if (counts(name)) continue;
    if (!(data instanceof Float32Array)) throw new FormatError(
      `${what}: ${name} is of dtype ${dtype}, weights are F32; convert it in PyTorch, by tensor.float()`,
      { name, dtype },
    );
    state.set(name, { shape, data });
  }
  return state;
}

const counts = (name: string) => name.endsWith("num_batches_tracked");
const some = (names: readonly string[]) =>
  names.slice(0, 3).join(", ") + (names.length > 3 ? ` and ${names.length - 3} more` : "");
