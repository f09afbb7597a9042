import { ConvoyError, OptionError, ShapeError } from "./errors.js";
import { add_forward } from "./generated/add.js";
import { byFours, tensor, type Recorder, type Shape, type Tensor } from "./gpu/recorder.js";
import type { Layer, Mode, ParamSpec } from "./layers/layer.js";

/** Any layer, whatever its tensors are called. */
export type AnyLayer = Layer<any, any, any, any>;  // `any`, since here kinds of layers meet

/** A tensor in a network under construction: what layers take and give. */
export interface Value extends Tensor {
  readonly graph: Graph;
  /** Set after a flatten: what its features were, [H, W, C]. */
  readonly features?: Shape;
}
/** A network, or a part of one, is a function between values; composing networks is composing functions. */
export type Block = (x: Value) => Value;
/** What networks are put together from: a layer, or a function from value to value. */
export type Part = AnyLayer | Block;

/** A parameter or running statistic of a network. Graphs of one network at several batch sizes share them. */
export interface Parameter {
  readonly tensor: Tensor;
  readonly spec: ParamSpec;
  /** [H, W, C] where spec.features runs over flattened features. */
  readonly features?: Shape;
  /** What the optimizer changes: neither running statistics nor what is frozen. */
  readonly learned: boolean;
  /** A parameter that stays as it is. */
  readonly frozen: boolean;
}

export interface Node {
  readonly layer: AnyLayer;
  /** Names from the network down to the layer: "features.3". */
  readonly path: string;
  readonly inputs: Readonly<Record<string, Value>>;
  readonly own: Readonly<Record<string, Tensor>>;
  readonly y: Value;
  /** Whether it and all its parameters are frozen: then running statistics rest, too. */
  readonly frozen: boolean;
}

export class Graph {
  readonly nodes: Node[] = [];
  /** Gradient of each tensor that has one. */
  readonly grads = new Map<Tensor, Tensor>();
  readonly #learned = new Set<Tensor>();  // parameters, and all that depends on one
  readonly #named = new Set<string>();
  /** Names in front of what is made. */
  path: readonly string[] = [];
  #freezing = false;
  #again = false;

  /** `params`: by state_dict name, in the order they were made. `freeze`: which of them stay as they are. */
  constructor(
    readonly params: Map<string, Parameter> = new Map(), readonly freeze: (name: string) => boolean = () => false,
  ) {}

  tensor(name: string, shape: Shape, of?: Tensor, features?: Shape): Value {
    return { ...tensor(name, shape, of), features, graph: this };
  }

  /** A value that comes from outside. `wanted`: its gradient is asked for too. */
  input(name: string, shape: Shape, wanted = false): Value {
    const x = this.tensor(name, shape);
    if (wanted) this.#learned.add(x);
    return x;
  }

  /** Runs f with one more name in front of what it makes: "features.3.weight". */
  within<T>(name: string, f: () => T): T { return this.under([...this.path, name], f); }

  /** Runs f with these names in front of what it makes. `again`: parameters of these names are there, and are taken. */
  under<T>(path: readonly string[], f: () => T, again = this.#again): T {
    const outer = this.path, before = this.#again;
    this.path = path;
    this.#again = again;
    try { return f(); } finally { this.path = outer; this.#again = before; }
  }

  /** Runs f; all parameters it makes are frozen. */
  frozen<T>(f: () => T): T {
    const outer = this.#freezing;
    this.#freezing = true;
    try { return f(); } finally { this.#freezing = outer; }
  }

  apply(layer: AnyLayer, ...values: Value[]): Value {
    const path = this.path.join("."), shapes = values.map((v) => v.shape), own: Record<string, Tensor> = {};
    const [x] = values, name = (what: string) => path ? `${path}.${what}` : what;
    const [shape, specs, features] = located(path ? `${path} (${layer.name})` : layer.name, () => {
      const shape = layer.shape(...shapes), specs = layer.params?.(...shapes) ?? {};
      if (shape[0] !== x.shape[0]) throw new ShapeError(
        `gives ${shape[0]} images for ${x.shape[0]}; the first axis is the batch, which a layer keeps`, { got: shape });
      return [shape, specs, flattened(layer, values, shape, specs)];
    });
    const y = this.tensor(`${path || layer.name}.y`, shape, "view" in layer ? x : undefined, features);
    const still = this.#freezing || layer.requiresGrad === false;
    const make = (specs: Record<string, ParamSpec>, state: boolean) => {
      for (const [what, spec] of Object.entries(specs)) {
        const frozen = !state && (still || this.freeze(name(what)));
        own[what] = this.#parameter(name(what), {
          spec, learned: !state && !frozen, frozen, ...spec.features !== undefined && { features: x.features },
        });
      }
    };
    make(specs, false);
    const parameters = Object.values(own);
    const frozen = parameters.length ? !parameters.some((t) => this.#learned.has(t)) : still && !!layer.state;
    if ([...values, ...parameters].some((t) => this.#learned.has(t))) this.#learned.add(y);
    make(layer.state?.(...shapes) ?? {}, true);
    for (const [what, s] of Object.entries<Shape>(layer.saved?.(...shapes) ?? {}))
      own[what] = this.tensor(name(what), s);
    const names: readonly string[] = layer.inputs ?? ["x"];
    this.nodes.push({ layer, path, inputs: Object.fromEntries(names.map((n, i) => [n, values[i]])), own, y, frozen });
    return y;
  }

  #parameter(name: string, made: Omit<Parameter, "tensor">): Tensor {
    const { spec, learned } = made;
    if (this.#named.has(name) && !this.#again) throw new ConvoyError(
      "name", `two parameters are called ${name}; wrap one in named("…", block), or make both one by shared(block)`);
    this.#named.add(name);
    let parameter = this.params.get(name);
    if (!parameter) this.params.set(name, parameter = { tensor: this.tensor(name, spec.shape), ...made });
    if (parameter.tensor.shape.join() !== spec.shape.join())
      throw new ShapeError(`${name} is [${parameter.tensor.shape.join(", ")}], `
        + `but an input of this size needs [${spec.shape.join(", ")}]`);
    if (learned) this.#learned.add(parameter.tensor);
    return parameter.tensor;
  }

  /** Throws a ShapeError where a layer learns nothing from batches as small as this. */
  check(): void {
    for (const { layer, inputs, path, frozen } of this.nodes) if (!frozen) located(
      `${path} (${layer.name})`, () => layer.checkTrainable?.(...Object.values(inputs).map((v) => v.shape)));
  }

  forward(rec: Recorder, mode: Mode): void {
    for (const [stream, { layer, path, inputs, own, y, frozen }] of this.nodes.entries())
      if (!("view" in layer)) rec.within(path, () => layer.forward(
        rec, { ...inputs, ...own, y },
        { ...mode, training: mode.training && !frozen, stream: (mode.stream ?? 0) + stream }));
  }

  /**
   * Nodes were made in an order that runs forward, so the reverse runs backward. Starts from the grads that are set.
   */
  backward(rec: Recorder, mode: Mode): void {
    for (const [stream, { layer, path, inputs, own, y, frozen }] of [...this.nodes.entries()].toReversed()) {
      const dy = this.grads.get(y), d: Record<string, Tensor> = {}, sources = { ...inputs, ...own };
      if (!dy) continue;  // nothing downstream wants y
      for (const [name, t] of Object.entries<Tensor>(sources)) if (this.#learned.has(t))
        d[`d${name}`] = "view" in layer ? this.tensor(`d ${t.name}`, t.shape, dy)
          : layer.backward === "dy" ? dy
          : this.tensor(`d ${t.name}`, t.shape);
      rec.within(path, () => {
        if (!("view" in layer) && layer.backward !== "dy") layer.backward(
          rec, { ...sources, y, dy, ...d },
          { ...mode, training: mode.training && !frozen, stream: (mode.stream ?? 0) + stream });
        for (const [name, t] of Object.entries<Tensor>(sources))
          if (d[`d${name}`]) this.#contribute(rec, t, d[`d${name}`]);
      });
    }
  }

  /** A value used twice gets the sum of two gradients: the only place where gradients are added. */
  #contribute(rec: Recorder, t: Tensor, b: Tensor) {
    const a = this.grads.get(t);
    if (!a) return void this.grads.set(t, b);
    const y = this.tensor(`d ${t.name}`, t.shape);
    rec.dispatch(
      add_forward, { a, b, c: a, d: a, z: a, y }, { size: y.size, WIDTH: rec.wide(y.size) }, byFours(y.size));
    this.grads.set(t, y);
  }
}

function located<T>(where: string, f: () => T): T {
  try { return f(); } catch (e) {
    throw e instanceof ShapeError ? new ShapeError(`${where}: ${e.message}`, e.details, e) : e;
  }
}

/**
 * What the features of a layer's output were before a flatten, if their order is still that: H, W, C, where PyTorch has
 * C, H, W. A layer whose parameters have two axes mixes them,
 * and knows which axis is theirs; others must leave them where they are.
 */
function flattened(
  layer: AnyLayer, values: readonly Value[], shape: Shape, specs: Record<string, ParamSpec>,
): Shape | undefined {
  const [{ shape: [, ...pixels], features }] = values, order = (v: Value) => v.features?.join();
  if ("view" in layer)  // of one pixel or one channel there is only one order
    return shape.length < 4 && pixels.length > 1 && pixels[0] * pixels[1] > 1 && pixels[2] > 1 ? pixels : features;
  if (shape.length > 2 || Object.values(specs).some((spec) => spec.shape.length > 1)) return;
  const alike = values.filter((v) => v.features || v.shape.length === 2 && v.shape[1] === shape[1]), [first] = alike;
  if (alike.some(order) && alike.some((v) => v.shape[1] !== shape[1] || order(v) !== order(first)))
    throw new ShapeError("flattened features lie in the order H, W, C, which is lost here; "
      + "put a linear layer or a pooling to 1×1 in front", { got: values.map((v) => v.shape) });
  return first?.features;
}

/** A part's output. */
export function through(part: Part, x: Value): Value {
  const y = typeof part === "function" ? part(x)
    : typeof part?.shape === "function" ? x.graph.apply(part, x) : undefined;
  if (!y?.graph) throw new OptionError(
    "a part is a layer or a function from value to value, such as relu() or x => sequential(…)(x)", { part });
  return y;
}

/** Gives a part its name in paths and in the state_dict. */
export const named = (name: string, part: Part): Block => (x) => x.graph.within(name, () => through(part, x));

/**
 * A part that stays as it is, for fine-tuning: nothing of it is learned, no gradient of its parameters is computed, and
 * before the first layer that learns nothing runs backward at all. Batch normalisations in it use their running
 * statistics and leave them, as after PyTorch's `requires_grad_(False)` and `eval()`; dropout still drops.
 */
export const freeze = (part: Part): Block => (x) => x.graph.frozen(() => through(part, x));

/**
 * A part that may stand in several places with the same weights, which are named as in the first of them:
 * `const step = shared(conv2d(…)); sequential(step, relu(), step, relu(), …)`. Gradients are summed, as where PyTorch
 * calls a module twice; batch normalisations in it move their running statistics each time.
 */
export const shared = (part: Part): Block => {
  const firsts = new WeakMap<Graph, readonly string[]>();
  return (x) => {
    const { graph } = x, first = firsts.get(graph), path = first ?? graph.path;
    firsts.set(graph, path);
    return graph.under(path, () => through(part, x), first && true);
  };
};

/**
 * One part after the other; their names are their numbers, as in PyTorch's nn.Sequential. A layer that stands in
 * several places has weights of its own in each, unless it is shared().
 */
export const sequential = (...parts: Part[]): Block => (x) =>
  parts.reduce<Value>((v, part, i) => named(String(i), part)(v), x);
