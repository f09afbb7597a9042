import { FormatError } from "../errors.js";
import type { Memory } from "../gpu/memory.js";
import type { Tensor } from "../gpu/recorder.js";
import type { Init } from "../layers/init.js";
import { fromTorch, toTorch, torchShape } from "../layout.js";
import type { Arena } from "../plan.js";
import { random } from "../random.js";
import type { Network } from "./network.js";

/** Values with PyTorch's shape and order, by state_dict name. */
export type StateDict = Map<string, { readonly shape: readonly number[]; readonly data: Float32Array<ArrayBuffer> }>;

/** First values of everything, from a seed; each parameter draws from a stream of its own. `init` is for weights of two axes or more. */
export function initialise(memory: Memory, network: Network, seed: number, init?: Init): void {
  let stream = 0;
  for (const { tensor, spec, learned } of network.params.values()) {
    const first = init && learned && spec.shape.length > 1 ? init : spec.init;
    memory.write(tensor, first(tensor.size, spec.fan, random(seed, stream++)));
  }
}

/** Parameters and running statistics. */
export async function readWeights(memory: Memory, network: Network): Promise<StateDict> {
  const values = new Map([...await readArenas(memory, network.learned), ...await readArenas(memory, network.statistics)]);
  return new Map([...network.params].map(([name, parameter]) => [name, { shape: torchShape(parameter), data: toTorch(parameter, values.get(parameter.tensor)!) }]));
}

/** Gradients of the last step, by the names of their parameters. */
export async function readGradients(memory: Memory, network: Network): Promise<StateDict> {
  const whole = network.learned.map(({ parts }, i) => ({ whole: network.gradients[i].whole, parts })), values = await readArenas(memory, whole);
  return new Map([...network.params].filter(([, p]) => p.learned).map(([name, parameter]) => [name, { shape: torchShape(parameter), data: toTorch(parameter, values.get(parameter.tensor)!) }]));
}

async function readArenas(memory: Memory, arenas: readonly Arena[]): Promise<Map<Tensor, Float32Array<ArrayBuffer>>> {
  const values = new Map<Tensor, Float32Array<ArrayBuffer>>();
  for (const { whole, parts } of arenas) {
    const all = await memory.read(whole);
    for (const [t, offset] of parts) values.set(t, all.slice(offset, offset + t.size));
  }
  return values;
}

/** Replaces all parameters and running statistics. Nothing is written unless every name and shape fits. */
export function writeWeights(memory: Memory, network: Network, state: StateDict, what = "the state"): void {
  const ignored = (name: string) => name.endsWith("num_batches_tracked");
  const missing = [...network.params.keys()].filter((name) => !state.has(name));
  const unknown = [...state.keys()].filter((name) => !network.params.has(name) && !ignored(name));
  if (missing.length || unknown.length) throw new FormatError(`${what} is of another network: ${[
    missing.length && `it lacks ${some(missing)}`, unknown.length && `it has ${some(unknown)}, which the network has not`].filter(Boolean).join("; ")}`, { missing, unknown });
  for (const [name, parameter] of network.params) {
    const { shape, data } = state.get(name)!, want = torchShape(parameter);
    if (shape.join() !== want.join() || data.length !== parameter.tensor.size)
      throw new FormatError(`${what}: ${name} is [${shape.join(", ")}], the network's is [${want.join(", ")}]`, { name, got: shape, want });
  }
  for (const [name, parameter] of network.params) memory.write(parameter.tensor, fromTorch(parameter, state.get(name)!.data));
}

const some = (names: readonly string[]) => names.slice(0, 3).join(", ") + (names.length > 3 ? ` and ${names.length - 3} more` : "");
