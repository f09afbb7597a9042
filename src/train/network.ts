import { LimitError, OptionError, ShapeError } from "../errors.js";
import { Graph, through, type Parameter, type Part, type Value } from "../graph.js";
import { elements, tensor, type Arena, type Shape, type Tensor } from "../gpu/recorder.js";
import type { Optimizer } from "../optimizers/optimizer.js";
import { positive } from "../options.js";
import { arenas, single } from "../plan.js";
import type { Control } from "./control.js";
import { lastingOf, type Source } from "./source.js";

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
  if (input?.length !== 3 || input.some((e) => !Number.isInteger(e) || e < 1))
    throw new OptionError(`an input is [channels, height, width], not ${JSON.stringify(input)}`, { input });
  const params = new Map<string, Parameter>(), [C, H, W] = input;
  function graph(batch: number) {
    const graph = new Graph(params, freeze), x = graph.input("x", [positive("batch", batch), H, W, C]);
    return { graph, x, y: through(net, x) };
  }
  graph(1);
  const all = [...params.values()], of = (kind: (p: Parameter) => boolean) => all.filter(kind).map((p) => p.tensor);
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

/** What an optimizer keeps of each arena of parameters, by name. */
export type States = readonly Readonly<Record<string, Tensor>>[];
export const statesOf = ({ learned }: Network, optimizer: Optimizer): States => learned.map(({ whole }) =>
  Object.fromEntries(optimizer.states.map((name) => [name, tensor(`${name} of ${whole.name}`, [whole.size])])));

/** All that outlives a training step. */
export const outliving = (
  { network, control, ring, states }: { network: Network; control: Control; ring: Tensor; states: States },
  source?: Source,
): Arena[] => [
  control, single(ring), ...source ? lastingOf(source) : [], ...network.learned, ...network.gradients,
  ...control.orders[1] ? network.further : [], ...network.others,
  ...states.flatMap((s) => Object.values(s).map(single)),
];
