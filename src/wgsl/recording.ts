// What a pass of a layer records, held against its kernels and against what the pass is for: faults are told while a
// network is built, before anything runs.
import { LimitError, ShaderError } from "../errors.js";
import { root, touched, type Recorder, type Step, type Tensor } from "../gpu/recorder.js";

/** Tensors by their names. */
type Tensors = Readonly<Record<string, Tensor>>;

/**
 * What a pass of the layer records, each step held against its kernel. Names that are not there are told, but gradients
 * that nobody wants are undefined.
 */
export function recorded(
  where: string, rec: Recorder, t: Tensors,
  record: (rec: Recorder, t: Tensors) => void, absent: readonly string[] = [],
): Step[] {
  const from = rec.steps.length;
  try {
    record(checking(where, rec), new Proxy(t, { get(target, key) {
      if (typeof key !== "string" || key in target || absent.includes(key)) return target[key as string];
      const known = Object.keys(target).filter((one) => target[one]).join(", ");
      throw new ShaderError(`${where}: there is no tensor "${key}", only ${known}`, { tensor: key });
    } }));
  } catch (e) {
    if (!(e instanceof LimitError)) throw e;
    throw new LimitError(
      `${where}: ${e.message}, or take @builtin(num_workgroups) groups: vec3u `
        + "and let i = id.y * groups.x * WORKGROUP + id.x;",
      e.details, e,
    );
  }
  const steps = rec.steps.slice(from);
  for (const step of steps) checkStep(where, step);
  return steps;
}

/** The recorder, with a dispatch() that checks what it is given. */
function checking(where: string, rec: Recorder): Recorder {
  const dispatch = (...[kernel, tensors, params, work]: Parameters<Recorder["dispatch"]>) => {
    const must = (ok: unknown, what: string, got: unknown) => {
      if (ok) return;
      const entry = kernel?.entry ? `, ${kernel.entry}` : "";
      throw new ShaderError(`${where}${entry}: dispatch() takes ${what}, not ${String(got)}`);
    };
    must(kernel?.code && kernel.bindings, "a kernel first, as kernel(text, { entry }) makes it", kernel);
    must(tensors && typeof tensors === "object", "tensors second, by their names in the shader", tensors);
    must(params && typeof params === "object", "params third, by name, or {} where there are none", params);
    const counted = typeof work === "number" || Array.isArray(work);
    must(counted, "work last, a number of invocations or a grid of three", work);
    rec.dispatch(kernel, tensors, params, work);
  };
  return new Proxy(rec, { get(of, key) {
    const value: unknown = Reflect.get(of, key, of);
    return key === "dispatch" ? dispatch : typeof value === "function" ? value.bind(of) as unknown : value;
  } });
}

function checkStep(where: string, { kernel, tensors, params, overrides, grid }: Step): void {
  const at = `${where}, ${kernel.entry}`, names = Object.keys(kernel.bindings);
  const fail = (why: string, details = {}): never => {
    throw new ShaderError(`${at}: ${why}`, { entry: kernel.entry, ...details });
  };
  for (const name of names) {
    if (tensors[name]) continue;
    const got = names.filter((one) => tensors[one]).join(", ") || "nothing";
    fail(
      `nothing is bound to "${name}"; the shader names ${names.join(", ")}, dispatch() got ${got}`, { tensor: name },
    );
  }
  for (const name of Object.keys(tensors)) {
    if (!names.includes(name))
      fail(`the shader's entry point has no tensor "${name}", only ${names.join(", ")}`, { tensor: name });
  }
  for (const name of Object.keys(params)) {
    if (name === "fused" || RegExp(`\\b${name}\\b`).test(kernel.code)) continue;
    const known = [...Object.keys(kernel.params), ...Object.keys(overrides)].join(", ");
    fail(`the shader has no param or override "${name}", only ${known}`, { param: name });
  }
  for (const [name, type] of Object.entries(kernel.params)) {
    const value = params[name];
    if (!Number.isFinite(value) || (type !== "f32" && !Number.isInteger(value)) || (type === "u32" && value < 0))
      fail(`param ${name}: ${type} cannot be ${value}; give it in dispatch()'s third argument`, { param: name, value });
  }
  for (const [name, value] of Object.entries(overrides)) {
    if (!Number.isFinite(value)) fail(`override ${name} cannot be ${value}`, { override: name, value });
  }
  if (grid.length !== 3 || grid.some((n) => !Number.isInteger(n) || n < 1 || n > 65535)) fail(
    overrides.WORKGROUP
      ? `a grid of [${grid.join(", ")}] workgroups; `
        + "give dispatch() a number of invocations, or three integers from 1 to 65535"
      : "a number of invocations needs a workgroup size of the name WORKGROUP: "
        + 'write "override WORKGROUP: u32 = 64;", or give dispatch() a grid of three',
    { grid },
  );
  for (const name of names) {
    for (const other of names) {
      if (kernel.bindings[name][1] !== "read_write" || kernel.bindings[other][1] !== "read") continue;
      if (root(tensors[name]) === root(tensors[other])) fail(
        `"${name}" is written and "${other}" read, but both are ${tensors[name].name}; WebGPU refuses that`,
        { tensors: [name, other] },
      );
    }
  }
}

/** All of `must` are written; of the layer's other tensors only `may`. */
export function expectWrites(
  where: string, steps: readonly Step[], t: Tensors, must: readonly string[], may: readonly string[],
): void {
  const written = new Set(steps.flatMap((step) => touched(step, "read_write")));
  for (const name of must) {
    if (!written.has(root(t[name]))) throw new ShaderError(
      `${where}: no dispatch writes ${name}${steps.length ? "" : "; nothing was dispatched"}`, { tensor: name },
    );
  }
  for (const [name, tensor] of Object.entries(t)) {
    if (tensor && !must.includes(name) && !may.includes(name) && written.has(root(tensor))) throw new ShaderError(
      `${where}: a dispatch writes ${name}, which is not this pass's to write; `
        + 'take a tensor of your own: tensor("scratch", shape)',
      { tensor: name },
    );
  }
}
