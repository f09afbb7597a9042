import { OptionError } from "../errors.js";
import { targetOf, type Device } from "../gpu/device.js";
import { Memory } from "../gpu/memory.js";
import { Player } from "../gpu/player.js";
import { Recorder, root, tensor, type Shape, type Step, type Target, type Tensor } from "../gpu/recorder.js";
import { Graph, type AnyLayer } from "../graph.js";
import { plan, single } from "../plan.js";
import { random } from "../random.js";

/** What every check takes. */
export interface CheckOptions {
  /** What runs it: openDevice(). */
  device: Device;
  /** Of all values that are drawn. Default 1. */
  seed?: number;
  /**
   * Values of inputs are drawn from −range to range, or from [low, high], such as [0.5, 2] for a layer over positive
   * numbers. Default 1.
   */
  range?: number | readonly [low: number, high: number];
  /** A rung to take wherever it fits. */
  rung?: string;
}

export type Values = Float32Array<ArrayBuffer>;

/** A layer on its own, recorded: what a check plays, and every tensor that has a name. */
export interface Probe {
  readonly name: string;
  readonly forward: readonly Step[];
  readonly backward: readonly Step[];
  /** Inputs, parameters and running statistics, y, dy and gradients, by name. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Names of what has a gradient: inputs and parameters. */
  readonly sources: readonly string[];
  /** First values of all that is read: inputs, parameters, statistics, dy. */
  readonly values: ReadonlyMap<Tensor, Values>;
}

/**
 * One step of a training, for layers that draw numbers: lib/clock.wgsl's step, seed, row and learning rate. Both
 * passes, and every run, draw the same.
 */
const CLOCK: Tensor = { ...tensor("clock", [4]), values: Uint32Array.of(3, 7, 0, 0x3c23d70a /* 0.01 */) };

/** How a layer is recorded. */
interface ProbeOptions {
  seed?: number; range?: CheckOptions["range"]; target?: Target;
  /** Inputs and parameters whose gradient nobody wants. */
  frozen?: (name: string) => boolean;
  /** False: forward alone, as networks that are evaluated record it. */
  training?: boolean;
}

/** Records a layer for inputs of these shapes, as its shape() sees them: [N, H, W, C] or [N, features]. */
export function probe(
  layer: AnyLayer,
  shapes: readonly Shape[],
  { seed = 1, range = 1, target = {}, frozen = () => false, training = true }: ProbeOptions = {},
): Probe {
  if (!Array.isArray(shapes) || !shapes.length || !shapes.every(Array.isArray)) throw new OptionError(
    "shapes is a list of the inputs' shapes, such as [[2, 5, 5, 4]]: one image-like input [N, H, W, C]", { shapes },
  );
  const names: readonly string[] = layer.inputs ?? ["x"], graph = new Graph(undefined, frozen);
  const inputs = shapes.map((shape, i) => graph.input(names[i] ?? `input ${i}`, shape, !frozen(names[i])));
  const y = graph.apply(layer, ...inputs), dy = tensor("dy", y.shape);
  const [{ own }] = graph.nodes;
  const tensors = new Map<string, Tensor>([
    ...inputs.map((x, i) => [names[i], x] as const), ...Object.entries(own), ["y", y], ["dy", dy],
  ]);
  const values = new Map<Tensor, Values>();
  let stream = 0;
  const [low, high] = Array.isArray(range) ? range as [number, number] : [-range, Number(range)];
  if (!(low < high) || !Number.isFinite(high - low))
    throw new OptionError(`range is a number above 0, or [low, high], not ${JSON.stringify(range)}`, { range });
  const drawn = (t: Tensor, center: number, reach: number) => {
    const r = random(seed, stream++);
    values.set(t, Float32Array.from({ length: t.size }, () => center + reach * (2 * r() - 1)));
  };
  for (const x of inputs) drawn(x, (low + high) / 2, (high - low) / 2);
  for (const { tensor: t, spec, learned } of graph.params.values()) {
    const first = spec.init(t.size, spec.fan, random(seed, 1000 + stream));
    // Ones, zeros and other constants hide faults: they are shaken.
    if (first.every((v) => v === first[0])) drawn(t, first[0], learned ? 0.5 : 0); else values.set(t, first);
  }
  drawn(dy, 0, 1);
  graph.grads.set(y, dy);
  const rec = new Recorder(target), mode = training ? { training, clock: CLOCK } : { training };
  graph.forward(rec, mode);
  const cut = rec.steps.length;
  if (training) graph.backward(rec, mode);
  const sources = [
    ...names.slice(0, shapes.length),
    ...[...graph.params].filter(([, p]) => p.learned).map(([name]) => name),
  ];
  for (const name of sources) {
    const d = graph.grads.get(tensors.get(name)!);
    if (d) tensors.set(`d${name}`, d);
  }
  return {
    name: layer.name,
    forward: rec.steps.slice(0, cut), backward: rec.steps.slice(cut),
    tensors, sources, values,
  };
}

/** Records a layer for a device: by the rungs that a training there takes. */
export function probeOn(layer: AnyLayer, shapes: readonly Shape[], { device, seed, range, rung }: CheckOptions): Probe {
  if (!device?.gpu)
    throw new OptionError("device is missing; open one: { device: await openDevice() }, in Node from convoy-gpu/node");
  return probe(layer, shapes, { seed, range, target: { ...targetOf(device.adapter), rung } });
}

/** Steps made ready, to be played on changing values. */
export class Bench {
  private constructor(readonly memory: Memory, readonly player: Player) {}

  /** Every tensor of `kept` has a buffer of its own. */
  static async open(device: Device, steps: readonly Step[], kept: Iterable<Tensor>): Promise<Bench> {
    const memory = new Memory(device), lasting = [...new Set([...kept].map(root))].map(single);
    try {
      await memory.grow(plan([steps], lasting, device.adapter.limits.binding));
      return new Bench(memory, await Player.prepare(memory, "check", steps));
    } catch (e) { memory.destroy(); throw e; }
  }

  /** Writes what is given, plays, and reads. */
  async run(values: Iterable<readonly [Tensor, Values]>, outputs: readonly Tensor[]): Promise<Values[]> {
    for (const [t, v] of values) this.memory.write(t, v);
    this.player.play();
    return Promise.all(outputs.map((t) => this.memory.read(t)));
  }

  destroy(): void { this.player.destroy(); this.memory.destroy(); }
}

