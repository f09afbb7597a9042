import { ShapeError } from "../errors.js";
import { targetOf, type Device } from "../gpu/device.js";
import { Memory } from "../gpu/memory.js";
import { Player } from "../gpu/player.js";
import { elements, root } from "../gpu/recorder.js";
import type { Part } from "../graph.js";
import { channelsFirst } from "../layers/layer.js";
import { toNchw, toNhwc } from "../layout.js";
import { known, must, opened } from "../options.js";
import { plan, single } from "../plan.js";
import { describe } from "./network.js";
import { inference } from "./programs.js";
import { initialise, writeWeights, type StateDict } from "./weights.js";

/** What forward() takes beside the layer or network. */
export interface ForwardOptions {
  device: Device;
  /** The input: shape [N, C, H, W], and its values in that order. */
  x: { readonly shape: readonly number[]; readonly data: ArrayLike<number> };
  /**
   * Values of all parameters and running statistics; of a single layer, they are called "weight", "bias", … Default:
   * first values, drawn from `seed`.
   */
  weights?: StateDict;
  /** Default 0. */
  seed?: number;
  /** A rung to take wherever it fits ("plain", "direct", …), for tests and benchmarks. */
  rung?: string;
}

/** What forward() gives: the values, and how they came about. */
export interface Output {
  /** [N, C, H, W] or [N, features]. */
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer>;
  /** Entry points of the kernels that ran, in their order. */
  readonly kernels: readonly string[];
}

/**
 * Runs one layer, or any part of a network, forward on given values, in evaluation mode:
 * `await forward(relu(), { device, x })`. All it makes on the device is gone afterwards but compiled pipelines, so it
 * is for trying and testing; Run.predict() is for many images.
 */
export async function forward(part: Part, options: ForwardOptions): Promise<Output> {
  const { device, x, weights, seed = 0, rung } = known("forward()", options, "device, x, weights, seed, rung");
  opened(device);
  must("x", "{ shape: [N, C, H, W], data }", x, x?.shape && x.data);
  const [N, C, H, W] = x.shape;
  if (x.shape.length !== 4) throw new ShapeError(`x is [N, C, H, W], not [${x.shape.join(", ")}]`, { got: x.shape });
  if (x.data.length !== elements(x.shape)) throw new ShapeError(
    `x of [${x.shape.join(", ")}] has ${elements(x.shape)} values, not ${x.data.length}`,
    { got: x.data.length, shape: x.shape },
  );
  const { binding } = device.adapter.limits, network = describe(part, [C, H, W], binding);
  const program = inference(network, N, { ...targetOf(device.adapter), rung }), y = program.logits;
  const lasting = [...new Set([program.x, root(y)])].map(single), memory = new Memory(device);
  try {
    await memory.grow(plan([program.steps], [...network.learned, ...network.others, ...lasting], binding));
    if (weights) writeWeights(memory, network, weights); else initialise(memory, network, seed);
    memory.write(program.x, toNhwc(Float32Array.from(x.data), program.x.shape));
    const player = await Player.prepare(memory, program.label, program.steps);
    try { player.play(); } finally { player.destroy(); }
    const data = toNchw(await memory.read(y), y.shape, y.features);
    return { shape: channelsFirst(y.shape), data, kernels: program.steps.map(({ kernel }) => kernel.entry) };
  } finally { memory.destroy(); }
}
