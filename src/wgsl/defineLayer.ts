import { LimitError, OptionError, ShaderError, ShapeError } from "../errors.js";
import { elements, root, type Recorder, type Shape, type Step, type Tensor } from "../gpu/recorder.js";
import type { Fan } from "../layers/init.js";
import type { Layer, Mode, ParamSpec } from "../layers/layer.js";

/** A parameter or running statistic. `fan`: by default its last axis is what goes out, all others are what comes in. */
export type Spec = Omit<ParamSpec, "fan"> & { readonly fan?: Fan };

/** What makes a layer. P names its parameters, S what forward saves for backward, I its inputs, T its running statistics. */
export interface LayerDefinition<P extends string = never, S extends string = never, I extends string = "x", T extends string = never> {
  readonly name: string;
  /** Default ["x"]. Networks give a layer of several inputs its values by `(a, b) => a.graph.apply(layer, a, b)`. */
  readonly inputs?: readonly I[];
  readonly requiresGrad?: boolean;
  /** Shape of y, [N, H, W, C] or [N, features]. Default: that of the first input. Throws a ShapeError if the inputs do not fit. */
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
  backward(rec: Recorder, t: Record<I | "y" | "dy" | P | S | T, Tensor> & Partial<Record<`d${I | P}`, Tensor>>, mode: Mode): void;
}

/**
 * A layer of your own: the same value as our own layers, its definition and all that it records checked while a network is built,
 * before anything runs. Throws an OptionError for a definition with holes, a ShapeError for shapes, a ShaderError for what a recording forgets.
 */
export function defineLayer<P extends string = never, S extends string = never, I extends string = "x", T extends string = never>(definition: LayerDefinition<P, S, I, T>): Layer<P, S, I, T> {
  if (!definition) throw new OptionError(`defineLayer() takes a definition, { name, forward, backward, … }, not ${String(definition)}`);
  const { name, inputs = ["x"] as readonly string[], forward, backward } = definition, about = (why: string, details = {}) => new OptionError(`${name}: ${why}`, { layer: name, ...details });
  if (typeof name !== "string" || !name) throw new OptionError(`a layer has a name, not ${JSON.stringify(name)}`, { name });
  if (typeof forward !== "function") throw about("forward is missing; forward(rec, { x, y }) records what computes y");
  if (typeof backward !== "function") throw about("backward is missing; backward(rec, { x, dy, dx }) records what computes the gradients: without it nothing before this layer learns");
  /** Names that a layer gives its tensors: each once, no gradient's. */
  const claim = (names: readonly string[]) => {
    const known = new Set(["y", "dy"]);
    for (const one of names) {
      if (known.has(one) || !/^[a-z]\w*$/i.test(one)) throw about(`a tensor cannot be called "${one}"; names are words, each used once, and y and dy are taken`, { name: one });
      known.add(one);
    }
    for (const one of names) if (known.has(`d${one}`)) throw about(`a tensor cannot be called "d${one}": that is the gradient of ${one}`, { name: `d${one}` });
  };
  claim(inputs);
  if (!inputs.length) throw about("inputs is empty; a layer has at least one");
  let names: { params: string[]; state: string[]; saved: string[] } | undefined;

  const specs = (what: "params" | "state") => (...x: Shape[]): Record<string, ParamSpec> => Object.fromEntries(Object.entries<Spec>(definition[what]?.(...x) ?? {}).map(([key, spec]) => {
    checkShape(`${what}().${key}`, spec?.shape);
    if (typeof spec.init !== "function") throw about(`${what}().${key} has no init; give first values, such as init: zeros or kaimingNormal`, { name: key });
    const out = spec.shape.at(-1)!, size = elements(spec.shape);
    return [key, { fan: { in: size / out, out }, ...spec, init: (...of) => {
      const values = spec.init(...of);
      if (!(values instanceof Float32Array) || values.length !== size) throw about(`${what}().${key}: init gives a Float32Array of ${size} values, not ${(values as unknown) instanceof Float32Array ? `${values.length} of them` : String(values)}`, { name: key });
      return values;
    } }];
  }));
  const params = specs("params"), state = specs("state"), saved = (...x: Shape[]) => ({ ...definition.saved?.(...x) } as Record<string, Shape>);

  return {
    name, inputs: definition.inputs, requiresGrad: definition.requiresGrad,

    shape(...x) {
      if (x.length !== inputs.length) throw new ShapeError(`takes ${inputs.length} inputs (${inputs.join(", ")}), not ${x.length}`);
      const y = definition.shape ? definition.shape(...x) : x[0];
      checkShape("shape()", y);
      const own = { params: Object.keys(params(...x)), state: Object.keys(state(...x)), saved: Object.keys(saved(...x)) };
      claim([...inputs, ...own.params, ...own.state, ...own.saved]);
      names = own;
      for (const [key, shape] of Object.entries(saved(...x))) checkShape(`saved().${key}`, shape);
      return y;
    },
    params: params as (...x: Shape[]) => Record<P, ParamSpec>,
    state: state as (...x: Shape[]) => Record<T, ParamSpec>,
    saved: saved as (...x: Shape[]) => Record<S, Shape>,

    forward(rec, t, mode) {
      const steps = recorded(`${name}, forward`, rec, t, (own, guarded) => forward.call(definition, own, guarded as never, mode));
      const kept = [...names!.saved];
      if (mode.training) expectWrites(`${name}, forward`, steps, t, ["y", ...kept], names!.state);
      else expectWrites(`${name}, forward in evaluation`, steps, t, ["y"], [...names!.state, ...kept]);
    },
    backward(rec, t, mode) {
      const gradients = [...inputs, ...names!.params].map((key) => `d${key}`), wanted = gradients.filter((key) => (t as Record<string, Tensor>)[key]);
      const steps = recorded(`${name}, backward`, rec, t, (own, guarded) => backward.call(definition, own, guarded as never, mode), gradients);
      expectWrites(`${name}, backward`, steps, t, wanted, []);
    },
  };

  function checkShape(what: string, shape: unknown): void {
    if (!Array.isArray(shape) || !shape.length || shape.some((e) => !Number.isInteger(e) || e < 1))
      throw new ShapeError(`${what} of ${name} is [${Array.isArray(shape) ? shape.join(", ") : String(shape)}]; a shape is a list of integers of at least 1`, { layer: name, shape });
  }
}

/** What a pass of the layer records, each step held against its kernel. Names that are not there are told, but gradients that nobody wants are undefined. */
function recorded(where: string, rec: Recorder, t: Readonly<Record<string, Tensor>>, record: (rec: Recorder, t: Readonly<Record<string, Tensor>>) => void, absent: readonly string[] = []): Step[] {
  const from = rec.steps.length;
  try {
    record(asked(where, rec), new Proxy(t, { get(target, key) {
      if (typeof key !== "string" || key in target || absent.includes(key)) return target[key as string];
      throw new ShaderError(`${where}: there is no tensor "${key}", only ${Object.keys(target).filter((one) => target[one]).join(", ")}`, { tensor: key });
    } }));
  } catch (e) {
    if (!(e instanceof LimitError)) throw e;
    throw new LimitError(`${where}: ${e.message}, or take @builtin(num_workgroups) groups: vec3u and let i = id.y * groups.x * WORKGROUP + id.x;`, e.details, e);
  }
  const steps = rec.steps.slice(from);
  for (const step of steps) checkStep(where, step);
  return steps;
}

/** The recorder, whose dispatch() tells what it is not given. */
function asked(where: string, rec: Recorder): Recorder {
  const dispatch = (...[kernel, tensors, params, work]: Parameters<Recorder["dispatch"]>) => {
    const must = (ok: unknown, what: string, got: unknown) => { if (!ok) throw new ShaderError(`${where}${kernel?.entry ? `, ${kernel.entry}` : ""}: dispatch() takes ${what}, not ${String(got)}`); };
    must(kernel?.code && kernel.bindings, "a kernel first, as kernel(text, { entry }) makes it", kernel);
    must(tensors && typeof tensors === "object", "tensors second, by their names in the shader", tensors);
    must(params && typeof params === "object", "params third, by name, or {} where there are none", params);
    must(typeof work === "number" || Array.isArray(work), "work last, a number of invocations or a grid of three", work);
    rec.dispatch(kernel, tensors, params, work);
  };
  return new Proxy(rec, { get(of, key) {
    const value: unknown = Reflect.get(of, key, of);
    return key === "dispatch" ? dispatch : typeof value === "function" ? value.bind(of) as unknown : value;
  } });
}

function checkStep(where: string, { kernel, tensors, params, overrides, grid }: Step): void {
  const at = `${where}, ${kernel.entry}`, names = Object.keys(kernel.bindings);
  const fail = (why: string, details = {}): never => { throw new ShaderError(`${at}: ${why}`, { entry: kernel.entry, ...details }); };
  for (const name of names) if (!tensors[name]) fail(`nothing is bound to "${name}"; the shader names ${names.join(", ")}, dispatch() got ${names.filter((one) => tensors[one]).join(", ") || "nothing"}`, { tensor: name });
  for (const name of Object.keys(tensors)) if (!names.includes(name)) fail(`the shader's entry point has no tensor "${name}", only ${names.join(", ")}`, { tensor: name });
  for (const name of Object.keys(params)) if (name !== "fused" && !RegExp(`\\b${name}\\b`).test(kernel.code))
    fail(`the shader has no param or override "${name}", only ${[...Object.keys(kernel.params), ...Object.keys(overrides)].join(", ")}`, { param: name });
  for (const [name, type] of Object.entries(kernel.params)) {
    const value = params[name];
    if (!Number.isFinite(value) || (type !== "f32" && !Number.isInteger(value)) || (type === "u32" && value < 0)) fail(`param ${name}: ${type} cannot be ${value}; give it in dispatch()'s third argument`, { param: name, value });
  }
  for (const [name, value] of Object.entries(overrides)) if (!Number.isFinite(value)) fail(`override ${name} cannot be ${value}`, { override: name, value });
  if (grid.length !== 3 || grid.some((n) => !Number.isInteger(n) || n < 1 || n > 65535)) fail(overrides.WORKGROUP
    ? `a grid of [${grid.join(", ")}] workgroups; give dispatch() a number of invocations, or three integers from 1 to 65535`
    : 'a number of invocations needs a workgroup size of the name WORKGROUP: write "override WORKGROUP: u32 = 64;", or give dispatch() a grid of three', { grid });
  for (const name of names) for (const other of names)
    if (kernel.bindings[name][1] === "read_write" && kernel.bindings[other][1] === "read" && root(tensors[name]) === root(tensors[other])) fail(`"${name}" is written and "${other}" read, but both are ${tensors[name].name}; WebGPU refuses that`, { tensors: [name, other] });
}

/** All of `must` are written; of the layer's other tensors only `may`. */
function expectWrites(where: string, steps: readonly Step[], t: Readonly<Record<string, Tensor>>, must: readonly string[], may: readonly string[]): void {
  const written = new Set(steps.flatMap(({ kernel, tensors }) => Object.entries(kernel.bindings).filter(([, [, access]]) => access === "read_write").map(([name]) => root(tensors[name]))));
  for (const name of must) if (!written.has(root(t[name]))) throw new ShaderError(`${where}: no dispatch writes ${name}${steps.length ? "" : "; nothing was dispatched"}`, { tensor: name });
  for (const [name, tensor] of Object.entries(t)) if (tensor && !must.includes(name) && !may.includes(name) && written.has(root(tensor)))
    throw new ShaderError(`${where}: a dispatch writes ${name}, which is not this pass's to write; take a tensor of your own: tensor("scratch", shape)`, { tensor: name });
}
