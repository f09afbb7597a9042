import { OptionError, ShapeError } from "../errors.js";
import { fuse } from "../fuse.js";
import { accumulate_add } from "../generated/accumulate.js";
import { metrics_record } from "../generated/metrics.js";
import type { Graph, Value } from "../graph.js";
import { Recorder, root, tensor, touched, type Step, type Target, type Tensor } from "../gpu/recorder.js";
import type { Loss } from "../losses/loss.js";
import type { Clip } from "../optimizers/clip.js";
import type { Optimizer } from "../optimizers/optimizer.js";
import type { Control } from "./control.js";
import type { Network, States } from "./network.js";
import { together } from "./reductions.js";
import { gather, type Source } from "./source.js";

/** What is played for one batch size, and the tensors that the host reads or writes, of the first of several passes. */
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

/** The recorded steps as they are played. */
const played = (steps: readonly Step[], { nodes }: Graph, { learned, others }: Network, fused: boolean) => fused
  ? fuse(steps, new Set(nodes.flatMap(({ layer }) => layer.fusing ?? [])), [...learned, ...others])
  : steps;

/** What has no gradient is refused: weight decay alone would change it. */
function unlearned({ name }: Tensor): never {
  throw new OptionError(`the output does not depend on ${name}: use it, or freeze() it`);
}

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
      for (const [t, offset] of parts) into[i].parts.set(graph.grads.get(t) ?? unlearned(t), offset);
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
    label: `training step of ${batch}`, batch, steps: played(rec.steps, first.graph, network, fused), ...first,
  };
}

/** Gather, forward in evaluation mode, loss, metrics. */
export function evaluation(common: Common): Program {
  const { network, batch, target, fused = true } = common, rec = new Recorder(target);
  const begun = begin(common, rec, batch), { graph, x, y, labels, probs } = begun;
  graph.forward(rec, { training: false });
  score(common, rec, begun, batch);
  return {
    label: `evaluation of ${batch}`, batch, steps: played(rec.steps, graph, network, fused),
    graph, x, labels, logits: y, probs,
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
  return {
    label: `inference of ${batch}`, batch, steps: played(rec.steps.slice(0, end), graph, network, fused),
    graph, x, logits: y,
  };
}
