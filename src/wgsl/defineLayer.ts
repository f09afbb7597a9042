import { OptionError, ShapeError } from "../errors.js";
import { elements, type Recorder, type Shape, type Tensor } from "../gpu/recorder.js";
import type { Fan } from "../layers/init.js";
import type { Layer, Mode, ParamSpec } from "../layers/layer.js";
import { expectWrites, recorded } from "./recording.js";

/** A parameter or running statistic. `fan`: by default its last axis is what goes out, all others are what comes in. */
export type Spec = Omit<ParamSpec, "fan"> & { readonly fan?: Fan };

/**
 * What makes a layer. P names its parameters, S what forward saves for backward, I its inputs, T its running
 * statistics.
 */
export interface LayerDefinition<
  P extends string = never, S extends string = never, I extends string = "x", T extends string = never,
> {
  readonly name: string;
  /** Default ["x"]. Networks give a layer of several inputs its values by `(a, b) => a.graph.apply(layer, a, b)`. */
  readonly inputs?: readonly I[];
  readonly requiresGrad?: boolean;
  /**
   * Shape of y, [N, H, W, C] or [N, features]. Default: that of the first input. Throws a ShapeError if the inputs do
   * not fit.
   */
  shape?(...inputs: Shape[]): Shape;
  /** What is learned, by name. */
  params?(...inputs: Shape[]): Record<P, Spec>;
  /** What is kept from step to step and never learned, by name. */
  state?(...inputs: Shape[]): Record<T, Spec>;
  /** What forward keeps for backward, by name. */
  saved?(...inputs: Shape[]): Record<S, Shape>;
  /** Records y, and all that is saved, ← inputs. */
  forward(rec: Recorder, t: Record<I | "y" | P | S | T, Tensor>, mode: Mode): void;
  /** Records dinputs, dparams ← dy: all that are there. Overwrites, never adds. */
  backward(
    rec: Recorder,
    t: Record<I | "y" | "dy" | P | S | T, Tensor> & Partial<Record<`d${I | P}`, Tensor>>,
    mode: Mode,
  ): void;
}

/**
 * A layer of your own: the same value as our own layers, its definition and all that it records checked while a network
 * is built, before anything runs. Throws an OptionError for a definition with holes, a ShapeError for shapes, a
 * ShaderError for what a recording forgets.
 */
export function defineLayer<
  P extends string = never, S extends string = never, I extends string = "x", T extends string = never,
>(definition: LayerDefinition<P, S, I, T>): Layer<P, S, I, T> {
  if (!definition) throw new OptionError(
    `defineLayer() takes a definition, { name, forward, backward, … }, not ${String(definition)}`,
  );
  const { name, inputs = ["x"] as readonly string[], forward, backward } = definition;
  const about = (why: string, details = {}) => new OptionError(`${name}: ${why}`, { layer: name, ...details });
  if (typeof name !== "string" || !name)
    throw new OptionError(`a layer has a name, not ${JSON.stringify(name)}`, { name });
  if (typeof forward !== "function") throw about("forward is missing; forward(rec, { x, y }) records what computes y");
  if (typeof backward !== "function") throw about(
    "backward is missing; backward(rec, { x, dy, dx }) records what computes the gradients: "
      + "without it nothing before this layer learns",
  );
  /** Names that a layer gives its tensors: each once, no gradient's. */
  const claim = (names: readonly string[]) => {
    const known = new Set(["y", "dy"]);
    for (const one of names) {
      if (known.has(one) || !/^[a-z]\w*$/i.test(one)) throw about(
        `a tensor cannot be called "${one}"; names are words, each used once, and y and dy are taken`, { name: one },
      );
      known.add(one);
    }
    for (const one of names) {
      if (known.has(`d${one}`))
        throw about(`a tensor cannot be called "d${one}": that is the gradient of ${one}`, { name: `d${one}` });
    }
  };
  claim(inputs);
  if (!inputs.length) throw about("inputs is empty; a layer has at least one");
  let names: { params: string[]; state: string[]; saved: string[] } | undefined;

  const specs = (what: "params" | "state") => (...x: Shape[]): Record<string, ParamSpec> => {
    const given = Object.entries<Spec>(definition[what]?.(...x) ?? {});
    return Object.fromEntries(given.map(([key, spec]) => {
      checkShape(`${what}().${key}`, spec?.shape);
      if (typeof spec.init !== "function") throw about(
        `${what}().${key} has no init; give first values, such as init: zeros or kaimingNormal`, { name: key },
      );
      const out = spec.shape.at(-1)!, size = elements(spec.shape);
      const init: ParamSpec["init"] = (...of) => {
        const values = spec.init(...of);
        if (!(values instanceof Float32Array) || values.length !== size) {
          const got = (values as unknown) instanceof Float32Array ? `${values.length} of them` : String(values);
          throw about(`${what}().${key}: init gives a Float32Array of ${size} values, not ${got}`, { name: key });
        }
        return values;
      };
      return [key, { fan: { in: size / out, out }, ...spec, init }];
    }));
  };
  const params = specs("params"), state = specs("state");
  const saved = (...x: Shape[]) => ({ ...definition.saved?.(...x) } as Record<string, Shape>);

  return {
    name, inputs: definition.inputs, requiresGrad: definition.requiresGrad,

    shape(...x) {
      if (x.length !== inputs.length)
        throw new ShapeError(`takes ${inputs.length} inputs (${inputs.join(", ")}), not ${x.length}`);
      const y = definition.shape ? definition.shape(...x) : x[0];
      checkShape("shape()", y);
      const own = {
        params: Object.keys(params(...x)), state: Object.keys(state(...x)), saved: Object.keys(saved(...x)),
      };
      claim([...inputs, ...own.params, ...own.state, ...own.saved]);
      names = own;
      for (const [key, shape] of Object.entries(saved(...x))) checkShape(`saved().${key}`, shape);
      return y;
    },
    params: params as (...x: Shape[]) => Record<P, ParamSpec>,
    state: state as (...x: Shape[]) => Record<T, ParamSpec>,
    saved: saved as (...x: Shape[]) => Record<S, Shape>,

    forward(rec, t, mode) {
      const steps = recorded(`${name}, forward`, rec, t, (own, guarded) =>
        forward.call(definition, own, guarded as never, mode));
      const kept = [...names!.saved];
      if (mode.training) expectWrites(`${name}, forward`, steps, t, ["y", ...kept], names!.state);
      else expectWrites(`${name}, forward in evaluation`, steps, t, ["y"], [...names!.state, ...kept]);
    },
    backward(rec, t, mode) {
      const gradients = [...inputs, ...names!.params].map((key) => `d${key}`);
      const wanted = gradients.filter((key) => (t as Record<string, Tensor>)[key]);
      const steps = recorded(
        `${name}, backward`, rec, t,
        (own, guarded) => backward.call(definition, own, guarded as never, mode), gradients,
      );
      expectWrites(`${name}, backward`, steps, t, wanted, []);
    },
  };

  function checkShape(what: string, shape: unknown): void {
    if (!Array.isArray(shape) || !shape.length || shape.some((e) => !Number.isInteger(e) || e < 1)) {
      const got = Array.isArray(shape) ? shape.join(", ") : String(shape);
      throw new ShapeError(
        `${what} of ${name} is [${got}]; a shape is a list of integers of at least 1`, { layer: name, shape },
      );
    }
  }
}
