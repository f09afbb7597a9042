import type { Part } from "../graph.js";
import { targetOf, type Adapter } from "../gpu/device.js";
import { submits } from "../gpu/player.js";
import { tensor } from "../gpu/recorder.js";
import { channelsFirst } from "../layers/layer.js";
import { torchShape } from "../layout.js";
import { crossEntropy } from "../losses/crossEntropy.js";
import { sgd } from "../optimizers/sgd.js";
import { known, positive } from "../options.js";
import { lifetimes, memoryUse, plan, type MemoryUse } from "../plan.js";
import { control, RING } from "./control.js";
import { describe, outliving, statesOf } from "./network.js";
import { training } from "./programs.js";
import type { SessionOptions } from "./sessionOptions.js";
import type { Source } from "./source.js";

/** What summary() takes beside the network. */
export interface SummaryOptions extends
  Pick<SessionOptions, "input" | "microBatch" | "optimizer" | "loss" | "clip" | "freeze"> {
  /** Images a step. */
  batch: number;
  /**
   * Bytes one binding may see, as device.adapter.limits.binding tells: a LimitError says what does not fit. Default: no
   * limit.
   */
  limit?: number;
  /** What it is to run on: its kernels are counted and their memory planned. Default: those that any GPU takes. */
  adapter?: Adapter;
}

/** One layer of a summary. */
export interface LayerSummary {
  readonly path: string;
  /** Its kind: "conv2d". */
  readonly layer: string;
  /** Of its output: [N, C, H, W] or [N, features]. */
  readonly shape: readonly number[];
  readonly parameters: number;
  /** Which layers' outputs it takes, by number; −1 is the image. */
  readonly inputs: readonly number[];
  /** Shape of its weight, as PyTorch has it: [out, in / groups, height, width] or [out, in]. */
  readonly weight?: readonly number[];
}

/** What summary() gives: layers, parameters and the memory of a training step, in bytes. As a string, a table. */
export interface Summary {
  /** In the order they run. */
  readonly layers: readonly LayerSummary[];
  readonly parameters: number;
  /** How many of them stay as they are. */
  readonly frozen: number;
  /** Dispatches of a training step. */
  readonly dispatches: number;
  /** Submits that play them: one, but for steps of more than 2³⁷ multiply-adds. */
  readonly submits: number;
  /**
   * Bytes. `parameters` are with running statistics; `activations` are all the tensors that live within a step:
   * outputs, their gradients, scratch.
   */
  readonly memory: {
    readonly parameters: number;
    readonly gradients: number;
    readonly optimizer: number;
    readonly activations: MemoryUse;
  };
  /** The largest tensor: an adapter must bind that many bytes at once, and WebGPU promises 2²⁷. */
  readonly largest: { readonly name: string; readonly bytes: number };
  /** The table, for a terminal. */
  toString(): string;
}

/** What a network is and what a training step of it takes, known before any device is touched. */
export function summary(net: Part, options: SummaryOptions): Summary {
  const {
    input, batch, microBatch: micro = batch, optimizer = sgd({ lr: 0.1 }), loss = crossEntropy(), clip, freeze,
    limit = Infinity, adapter,
  } = known("summary()", options, "input, batch, microBatch, optimizer, loss, clip, freeze, limit, adapter");
  for (const [name, value] of Object.entries({ batch, microBatch: micro })) positive(name, value);
  const network = describe(net, input, limit, freeze), order = control(batch, micro), ring = tensor("ring", [RING, 4]);
  const states = statesOf(network, optimizer);
  const source: Source = {  // of any size
    shape: input, streamed: false,
    images: tensor("images", [1]), classes: tensor("labels", [1]), levels: tensor("levels", [input[0], 2]),
  };
  const record = (fused: boolean) => training({
    network, batch, micro, loss, control: order, ring, source, optimizer, clip, states, fused,
    target: adapter && targetOf(adapter),
  });
  const program = record(true), apart = record(false);
  const kept = outliving({ network, control: order, ring, states }, source);
  const planned = plan([program.steps], kept, limit);
  const places = new Set(kept.flatMap(({ whole, parts }) => [whole, ...parts.keys()]));

  const count = (t: { size: number }[]) => t.reduce((sum, { size }) => sum + size, 0);
  const sum = 4 * count([...lifetimes(apart.steps, (t) => places.has(t)).keys()]);  // as if every layer kept its own
  const nodes = program.graph.nodes, all = [...network.params.values()].filter((p) => p.learned || p.frozen);
  const sizes = (of: typeof all) => count(of.map((p) => p.tensor));
  const shapes = new Map(all.map((p) => [p.tensor, torchShape(p)]));
  const layers = nodes.map(({ path, layer, inputs, own, y }): LayerSummary => ({
    path, layer: layer.name, shape: channelsFirst(y.shape),
    parameters: count(Object.values(own).filter((t) => shapes.has(t))),
    inputs: Object.values(inputs).map((x) => nodes.findIndex((n) => n.y === x)),
    weight: shapes.get(own.weight),
  }));
  const [learned, others] = [network.learned, network.others].map((list) => 4 * count(list.map((a) => a.whole)));
  const memory = {
    parameters: learned + others, gradients: micro < batch ? 2 * learned : learned,
    optimizer: learned * optimizer.states.length, activations: { ...memoryUse(program.steps, planned), sum },
  };
  const own = lifetimes(program.steps, (t) => places.has(t));
  const { name, size } = [...[...network.params.values()].map((p) => p.tensor), ...own.keys()]
    .reduce((a, b) => b.size > a.size ? b : a);
  const found = {
    layers, parameters: sizes(all), frozen: sizes(all.filter((p) => p.frozen)), dispatches: program.steps.length,
    submits: submits(program.steps).length, memory, largest: { name, bytes: 4 * size },
  };
  return { ...found, toString: () => table(found, batch, optimizer.name) };
}

function table(
  { layers, parameters, frozen, dispatches, submits: parts, memory, largest }: Omit<Summary, "toString">,
  batch: number, optimizer: string,
): string {
  const text = (n: number) => n.toLocaleString("en");
  const rows = layers.map(({ path, layer, shape, parameters: n }) =>
    [`${path} (${layer})`, `[${shape.join(", ")}]`, text(n)]);
  const head = ["Layer", "Output shape", "Parameters"];
  const width = head.map((h, i) => Math.max(h.length, ...rows.map((r) => r[i].length)) + 2);
  const line = (r: readonly string[]) => r[0].padEnd(width[0]) + r[1].padEnd(width[1]) + r[2].padStart(width[2]);
  const rule = (c: string) => c.repeat(width[0] + width[1] + width[2]);
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(2)} MiB`.padStart(12), { activations: a } = memory;
  return [
    line(head), rule("═"), ...rows.map(line), rule("─"),
    `${text(parameters)} parameters${frozen ? `, of which ${text(frozen)} are frozen` : ""}; a training step of `
      + `${batch} images is ${dispatches} dispatches in ${parts > 1 ? `${parts} submits` : "one submit"}`,
    "", "Memory",
    `  parameters   ${mib(memory.parameters)}`,
    `  gradients    ${mib(memory.gradients)}`,
    `  ${optimizer.padEnd(11)}  ${mib(memory.optimizer)}`,
    `  activations  ${mib(a.slots)}   planned, with their gradients; `
      + `side by side they would take ${mib(a.sum).trim()},`,
    `${" ".repeat(30)}and no plan could take less than ${mib(a.bound).trim()} `
      + `(×${(a.slots / Math.max(1, a.bound)).toFixed(2)})`,
    `  together     ${mib(memory.parameters + memory.gradients + memory.optimizer + a.slots)}   `
      + (largest.bytes > 2 ** 27
        ? `on an adapter that binds ${mib(largest.bytes).trim()} at once, for ${largest.name}`
        : "on any adapter: no tensor is larger than 128 MiB"),
  ].join("\n");
}
