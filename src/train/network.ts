import { LimitError, OptionError, ShapeError } from "../errors.js";
import { accumulate_add } from "../generated/accumulate.js";
import { metrics_record } from "../generated/metrics.js";
import { Graph, through, type Parameter, type Part, type Value } from "../graph.js";
import {
  align, elements, Recorder, root, tensor, touched, type Arena, type Shape, type Step, type Target, type Tensor,
} from "../gpu/recorder.js";
import type { Loss } from "../losses/loss.js";
import type { Clip } from "../optimizers/clip.js";
import type { Optimizer } from "../optimizers/optimizer.js";
import { fuse } from "../fuse.js";
import { arenas, single } from "../plan.js";
import { together } from "./reductions.js";
import { gather, lastingOf, type Source } from "./source.js";

/** Rows of the ring that losses and hits are written to: the host must read at least this often. */
export const RING = 128;
const ORDER_OFFSET = 64;  // words before the batch's indices: Clock, padded to the alignment of bindings

interface Gradients extends Arena { readonly parts: Map<Tensor, number> }

/** A network at an input size: its parameters and all that outlives a step. No device, no batch size. */
export interface Network {
  readonly net: Part;
  /** [C, H, W]. */
  readonly input: Shape;
  /** Parameters and running statistics by state_dict name. */
  readonly params: ReadonlyMap<string, Parameter>;
  /** Learned parameters; gradients lie at the same offsets of arenas of the same sizes. */
  readonly learned: readonly Arena[];
  readonly gradients: readonly Gradients[];
  /** Gradients of a step's second and later passes, until they are added. */
  readonly further: readonly Gradients[];
  /** What the optimizer leaves alone: frozen parameters, and running statistics. */
  readonly others: readonly Arena[];
  graph(batch: number): { graph: Graph; x: Value; y: Value };
}

export function describe(net: Part, input: Shape, limit: number, freeze?: (name: string) => boolean): Network {
  if (input.length !== 3 || input.some((e) => !Number.isInteger(e) || e < 1))
    throw new OptionError(`an input is [channels, height, width], not [${input.join(", ")}]`, { input });
  const params = new Map<string, Parameter>(), [C, H, W] = input;
  function graph(batch: number) {
    if (!Number.isInteger(batch) || batch < 1)
      throw new OptionError(`batch is an integer of at least 1, not ${batch}`, { batch });
    const graph = new Graph(params, freeze), x = graph.input("x", [batch, H, W, C]);
    return { graph, x, y: through(net, x) };
  }
  graph(1);
  const all = [...params.values()], of = (kind: (p: Parameter) => boolean) => all.filter(kind).map((p) => p.tensor);
  if (all.some((p) => p.frozen) && !all.some((p) => p.learned))
    throw new OptionError("all parameters are frozen: there is nothing to learn; leave the last layer free");
  try {
    const learned = arenas("parameters", of((p) => p.learned), limit);
    const like = (kind: string): Gradients[] => learned.map(({ whole }) =>
      ({ whole: { ...whole, name: whole.name.replace("parameters", kind) }, parts: new Map() }));
    return {
      net, input, params, graph, learned,
      others: [
        ...arenas("frozen parameters", of((p) => p.frozen), limit),
        ...arenas("statistics", of((p) => !p.learned && !p.frozen), limit),
      ],
      gradients: like("gradients"), further: like("further gradients"),
    };
  } catch (e) {
    if (!(e instanceof LimitError)) throw e;
    const { shape } = all.find((p) => 4 * p.tensor.size > limit)!.tensor, last = shape.at(-1)!;
    const most = Math.floor(limit / 4 / (elements(shape) / last)), side = smaller(net, input, limit);
    const text = (n: number) => n.toLocaleString("en"), ways = [
      most && `${text(most)} ${shape.length === 2 ? "units" : "filters"} instead of ${text(last)}`,
      side && `an input of ${side} × ${Math.max(1, Math.round(side * W / H))} instead of ${H} × ${W}`,
    ].filter(Boolean).join(", with ");
    throw new LimitError(
      `${e.message}, ${text(Math.floor(limit / 4))} weights, whatever the batch; it fits with `
        + `${ways}${most || side ? ", or " : ""}on an adapter that binds more`,
      { ...e.details, units: most, inputSize: side }, e,
    );
  }
}

/** The largest height below the input's, width in proportion, at which all parameters can be bound; 0 if none is. */
function smaller(net: Part, [C, H, W]: Shape, limit: number): number {
  let best = 0, least = 1, most = H - 1;
  while (least <= most) {
    const side = (least + most) >> 1, graph = new Graph();
    const x = graph.input("x", [1, side, Math.max(1, Math.round(side * W / H)), C]);
    try {
      through(net, x);
      if ([...graph.params.values()].some((p) => 4 * p.tensor.size > limit)) most = side - 1;
      else { best = side; least = side + 1; }
    } catch (e) {
      if (!(e instanceof ShapeError)) throw e;
      least = side + 1;  // too small for a window
    }
  }
  return best;
}

/** What the host writes before a step: one buffer, one write. */
export interface Control extends Arena {
  readonly clock: Tensor;
  /** Indices of the images of each pass. */
  readonly orders: readonly Tensor[];
}

/** For steps of at most `batch` images, at most `micro` of them a pass. */
export function control(batch: number, micro = batch): Control {
  const clock = tensor("clock", [4]), passes = Math.ceil(batch / micro), each = align(micro);
  const orders = Array.from({ length: passes }, (_, i) =>
    tensor(passes > 1 ? `order ${i}` : "order", [Math.min(micro, batch - i * micro)]));
  const parts = new Map([[clock, 0], ...orders.map((order, i) => [order, ORDER_OFFSET + i * each] as const)]);
  return { whole: tensor("control", [parts.get(orders.at(-1)!)! + orders.at(-1)!.size]), parts, clock, orders };
}

/** Steps of one kind and batch size, and the tensors that the host reads or writes, of its first pass. */
export interface Program {
  readonly label: string;
  readonly batch: number;
  readonly steps: readonly Step[];
  readonly graph: Graph;
  readonly x: Value;
  readonly labels: Tensor;
  readonly logits: Value;
  readonly probs: Tensor;
}

/** What an optimizer keeps of each arena of parameters, by name. */
type States = readonly Readonly<Record<string, Tensor>>[];
export const statesOf = ({ learned }: Network, optimizer: Optimizer): States => learned.map(({ whole }) =>
  Object.fromEntries(optimizer.states.map((name) => [name, tensor(`${name} of ${whole.name}`, [whole.size])])));

/** All that outlives a training step. */
export const outliving = (
  { network, control, ring, states }: Pick<Common, "network" | "control" | "ring"> & { states: States },
  source?: Source,
): Arena[] => [
  control, single(ring), ...source ? lastingOf(source) : [], ...network.learned, ...network.gradients,
  ...control.orders[1] ? network.further : [], ...network.others,
  ...states.flatMap((s) => Object.values(s).map(single)),
];

interface Common {
  network: Network;
  batch: number;
  /** Images a pass, at most. Default all. */
  micro?: number;
  loss: Loss;
  control: Control;
  ring: Tensor;
  source?: Source;
  target?: Target;
  fused?: boolean;
}

function begin({ network, loss, control, source }: Common, rec: Recorder, batch: number, pass = 0, first = 0) {
  const { graph, x, y } = network.graph(batch), labels = tensor("labels", [batch]);
  loss.check(y.shape);
  if (y.features) throw new ShapeError(
    "the network ends in a flatten, whose order is H, W, C here; end it with a linear layer or a pooling to 1×1",
  );
  if (source) rec.within("data", () =>
    gather(rec, source, { clock: control.clock, order: control.orders[pass], x, labels }, first));
  return {
    graph, x, y, labels,
    probs: tensor("probs", y.shape), rows: tensor("rows", [batch, 2]), dx: tensor("d logits", y.shape),
  };
}

/**
 * Predictions to probabilities, their gradient and the step's row of the ring: one dispatch where the loss and the
 * batch allow it.
 */
function score(
  { batch, loss, control: { clock }, ring, fused = true }: Common, rec: Recorder,
  { y: x, labels, probs, rows, dx }: ReturnType<typeof begin>, N: number, further = false,
): void {
  rec.within(loss.name, () => {
    if (fused && loss.whole && N <= loss.whole.most)
      return loss.whole.record(rec, { x, labels, probs, dx, clock, ring }, batch, further);
    loss.record(rec, { x, labels, probs, rows, dx }, batch);
    rec.within("metrics", () =>
      rec.dispatch(metrics_record, { clock, rows, ring }, { N, FURTHER: Number(further) }, 1));
  });
}

const fusedOf = (steps: readonly Step[], { nodes }: Graph, { learned, others }: Network) =>
  fuse(steps, new Set(nodes.flatMap(({ layer }) => layer.fusing ?? [])), [...learned, ...others]);

/**
 * Gather, forward, loss and metrics, backward, clip, update: a training step. With `micro`, the first four run in
 * several passes, one behind the other in the same memory, and gradients are summed: a batch may be larger than what
 * fits at once.
 */
export function training(
  common: Common & { optimizer: Optimizer; clip?: Clip; states: States },
): Program {
  const { network, batch, micro = batch, optimizer, clip, states, control: { clock }, target, fused = true } = common;
  const rec = new Recorder(target);
  const [first] = Array.from({ length: Math.ceil(batch / micro) }, (_, pass) => {
    const start = rec.steps.length, N = Math.min(micro, batch - pass * micro);
    const begun = begin(common, rec, N, pass, pass * micro), { graph, x, y, labels, probs, dx } = begun;
    const mode = { training: true, clock, stream: pass * graph.nodes.length };  // each pass draws numbers of its own
    graph.forward(rec, mode);
    score(common, rec, begun, N, pass > 0);
    graph.grads.set(y, dx);
    graph.backward(rec, mode);
    const into = pass ? network.further : network.gradients;
    network.learned.forEach(({ parts }, i) => {
      for (const [t, offset] of parts) if (graph.grads.has(t)) into[i].parts.set(graph.grads.get(t)!, offset);
    });
    if (fused) rec.steps.push(...together(rec.steps.splice(start), into));
    if (pass) rec.within("accumulate", () => into.forEach(({ whole: part }, i) =>
      rec.dispatch(accumulate_add, { total: network.gradients[i].whole, part }, { size: part.size }, part.size)));
    return { graph, x, labels, logits: y, probs };
  });
  if (clip) rec.within("clip", () => clip(rec, network.gradients.map(({ whole }) => whole)));
  network.learned.forEach(({ whole: param }, i) => rec.within(optimizer.name, () =>
    optimizer.record(rec, { param, dparam: network.gradients[i].whole, clock, ...states[i] })));
  return {
    label: `training step of ${batch}`, batch,
    steps: fused ? fusedOf(rec.steps, first.graph, network) : rec.steps, ...first,
  };
}

/** Gather, forward in evaluation mode, loss, metrics. */
export function evaluation(common: Common): Program {
  const { network, batch, target, fused = true } = common, rec = new Recorder(target);
  const begun = begin(common, rec, batch), { graph, x, y, labels, probs } = begun;
  graph.forward(rec, { training: false });
  score(common, rec, begun, batch);
  return {
    label: `evaluation of ${batch}`, batch,
    steps: fused ? fusedOf(rec.steps, graph, network) : rec.steps, graph, x, labels, logits: y, probs,
  };
}

/** Forward alone, in evaluation mode, from images that the host writes. */
export function inference(
  network: Network, batch: number, target?: Target, fused = true, layer?: number,
): Omit<Program, "labels" | "probs"> {
  const { graph, x, y } = network.graph(batch), rec = new Recorder(target);
  graph.forward(rec, { training: false });
  const wanted = layer !== undefined ? root(graph.nodes[layer].y) : fused ? root(y) : undefined;
  const end = wanted && rec.steps.map((step) => touched(step, "read_write").includes(wanted)).lastIndexOf(true) + 1;
  const steps = rec.steps.slice(0, end);
  return {
    label: `inference of ${batch}`, batch,
    steps: fused ? fusedOf(steps, graph, network) : steps, graph, x, logits: y,
  };
}
