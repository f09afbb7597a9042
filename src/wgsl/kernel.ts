import { ShaderError } from "../errors.js";
import * as library from "../generated/library.js";
import type { Kernel } from "../gpu/kernel.js";
import { blank, reflect } from "./reflect.js";

/** What kernel() takes beside the text. */
export interface KernelOptions {
  /** Which entry point, where the text has several. */
  entry?: string;
}

/**
 * A kernel from WGSL text at run time: the same object that the build makes of our own shaders, by the same reader. The
 * text keeps the rules of shaders/README.md (bindings, Params, overrides) and may `// #import` what lies in
 * shaders/lib. Throws a ShaderError with line and column.
 */
export function kernel(text: string, { entry }: KernelOptions = {}): Kernel {
  if (typeof text !== "string") throw new ShaderError(
    `kernel() takes a shader's text, not ${String(text)}; read it from its file, or write it into the code`,
  );
  const { code, origin, overrides, params, entries } = reflect(text, (name) =>
    Object.hasOwn(library, name) ? library[name as keyof typeof library] : undefined);
  const names = Object.keys(entries);
  if (entry === undefined && names.length > 1) throw new ShaderError(
    `this shader has ${names.length} entry points; `
      + `choose one: kernel(text, { entry: "${names[0]}" }), or ${names.slice(1).join(", ")}`,
    { entries: names },
  );
  const name = entry ?? names[0];
  if (!Object.hasOwn(entries, name)) throw new ShaderError(
    `there is no entry point "${name}" in this shader, only ${names.join(", ")}`, { entry, entries: names },
  );
  const unfolds = RegExp(`(?:\\bfn\\s+${name}\\s*\\([^{]*|\\bstruct\\b[^}]*)\\bnum_workgroups\\b`).test(blank(code));
  return {
    code, entry: name, bindings: entries[name], params, overrides,
    ...code !== text && { origin },
    ...!unfolds && { rows: 1 },
  };
}
