import { ShaderError } from "../errors.js";

/** What a kernel does with a binding. */
export type Access = "read" | "read_write";

/** What the host must know about one WGSL entry point. build.mjs writes these; a custom layer may write one by hand. */
export interface Kernel<B extends string = string, P extends string = string, O extends string = string> {
  /** The WGSL text, imports in place, overrides at their defaults. */
  readonly code: string;
  readonly entry: string;
  readonly bindings: Readonly<Record<B, readonly [binding: number, access: Access]>>;
  /** Fields of the Params uniform, in order. */
  readonly params: Readonly<Record<P, "u32" | "i32" | "f32">>;
  /** Overrides (and constants marked `// baked`) and their defaults in the text; booleans are 0 or 1. */
  readonly overrides: Readonly<Record<O, number>>;
  /** 1 for a kernel() that takes no num_workgroups, so cannot undo fold(). */
  readonly rows?: number;
  /** Of a kernel() that imports: for each line of the code, its line in the source. */
  readonly origin?: readonly number[];
}

/** Matches a baked constant at the start of a line: an override, or a const marked `// baked`. */
const BAKED = /^(?:override|const(?=.*\/\/ baked$)) (\w+): (\w+) = ([^;]+);/gm;

/**
 * Builds a Kernel from generated source pieces. `names` are the bindings that the entry point uses; params, overrides
 * and access modes are read out of the source.
 */
export function defineKernel<B extends string, P extends string, O extends string>(
  text: readonly string[], entry: string, names: readonly B[],
): Kernel<B, P, O> {
  const code = text.join("");
  const params = [.../^struct Params ?{([^}]*)/m.exec(code)?.[1].matchAll(/(\w+): ?(\w+)/g) ?? []]
    .map(([, name, type]) => [name, type]);
  const overrides = [...code.matchAll(BAKED)].map(([, name, , value]) => [name, Number(JSON.parse(value))]);
  const bindings = [...code.matchAll(/@binding\((\d+)\) ?var<storage, ?(\w+)> ?(\w+)/g)]
    .flatMap(([, i, access, name]) => names.includes(name as B) ? [[name, [+i, access]]] : []);
  return {
    code, entry,
    bindings: Object.fromEntries(bindings),
    params: Object.fromEntries(params),
    overrides: Object.fromEntries(overrides),
  } as Kernel<B, P, O>;
}

/** What has a default that a recording may keep: fuse.ts or the layer sets it where it applies. */
type Defaulted = "WORKGROUP" | "WIDTH" | `TILE_${string}`
  | "ACTIVATION" | "SLOPE" | "ALPHA" | "THRESHOLD" | "ADDEND" | "TERMS" | "DROP" | "SCALED" | "fused";
/** What a layer must give a dispatch: params and overrides, but those that have a default. */
export type Params<P extends string, O extends string> =
  Record<Exclude<P | O, Defaulted>, number> & Partial<Record<Extract<P | O, Defaulted>, number>>;

/** Binding number of Params after bake(): above any that a shader may use. */
export const PARAMS = 99;

/**
 * The shader with its overrides written in as constants: arrays may have these sizes, and loops of them unroll. A size
 * that WGSL wants constant on disk too is declared `const TILE_K: u32 = 64;  // baked`, and baked likewise. With
 * WIDTH 4 (or 2) the text's `alias Value = f32;` becomes vec4f (vec2f): an invocation takes so many channels. The
 * uniform, group 1 on disk, joins group 0: of what a dispatch costs the host, a bind group more to set is a third.
 */
export function bake(code: string, overrides: Readonly<Record<string, number>>): string {
  return code
    .replace("alias Value = f32;", overrides.WIDTH > 1 ? `alias Value = vec${overrides.WIDTH}f;` : "$&")
    .replace(/@\w+\s*\([^)]*\)\s*@\w+\s*\([^)]*\)(?=\s*var\s*<\s*uniform)/, `@group(0) @binding(${PARAMS})`)
    .replace(BAKED, (_, name: string, type: string) => {
      const value = Object.hasOwn(overrides, name) ? overrides[name] : undefined;
      if (
        value === undefined || !Number.isFinite(value)
        || (type !== "f32" && !Number.isInteger(value)) || (type === "u32" && value < 0)
      ) throw new ShaderError(`override ${name}: ${type} cannot be ${value}`);
      return `const ${name}: ${type} = ${type === "bool" ? value !== 0 : type === "f32" ? `f32(${value})` : value};`;
    });
}

/** The Params uniform of one step, packed by name into `view` at `offset` bytes. */
export function pack(kernel: Kernel, params: Readonly<Record<string, number>>, view: DataView, offset = 0): void {
  Object.entries(kernel.params).forEach(([name, type], i) => {
    const value = params[name], at = offset + 4 * i;
    if (!Number.isFinite(value) || (type === "u32" && value < 0))
      throw new ShaderError(`${kernel.entry}: param ${name}: ${type} cannot be ${value}`);
    if (type === "f32") view.setFloat32(at, value, true);
    else if (type === "i32") view.setInt32(at, value, true);
    else view.setUint32(at, value, true);
  });
}
