import { ShaderError } from "../errors.js";
import { PARAMS, type Access } from "../gpu/kernel.js";

/** What a shader says about itself. */
interface Reflection {
  /** The text, imports in place. */
  readonly code: string;
  /** For each line of code, its line in the source. */
  readonly origin: readonly number[];
  readonly overrides: Readonly<Record<string, number>>;
  readonly params: Readonly<Record<string, "u32" | "i32" | "f32">>;
  /** Entry points, each with the storage buffers that it, or what it calls, names. */
  readonly entries: Readonly<Record<string, Readonly<Record<string, readonly [binding: number, access: Access]>>>>;
}

/**
 * Reads a shader in the house form (shaders/README.md): a small reader of declarations and names, no validator, for the
 * build and for kernel() alike; a test holds it against wgsl_reflect. Throws a ShaderError with line and column where a
 * rule is broken.
 */
export function reflect(source: string, library: (name: string) => string | undefined = () => undefined): Reflection {
  const { code, origin } = paste(source, library), text = blank(code);
  const fail = (at: number, why: string): never => {
    const before = code.slice(0, at).split("\n"), line = origin[before.length - 1], column = before.at(-1)!.length + 1;
    throw new ShaderError(`line ${line}, column ${column}: ${why}`, { line, column });
  };
  const close = balanced(text, fail);

  const tensors = new Map<string, readonly [number, Access]>();
  const taken = new Map<string, string>(), declared = new Set<number>();
  let params: [string, "u32" | "i32" | "f32"][] = [], uniform = "";
  const variable = /((?:@\w+\s*\([^)]*\)\s*)+)var\s*(?:<\s*(\w+)\s*(?:,\s*(\w+)\s*)?>)?\s*(\w+)\s*:\s*([^;]*);/g;
  for (const m of text.matchAll(variable)) {
    const [, attributes, space, access = "read", name, type] = m, at = m.index;
    declared.add(m.index + attributes.indexOf("@group"));
    const number = (what: string) => {
      const digits = new RegExp(`@${what}\\s*\\(\\s*(\\d+)u?\\s*\\)`).exec(attributes)?.[1];
      return Number(digits ?? fail(at, `${name} needs a literal @group and @binding`));
    };
    const group = number("group"), binding = number("binding"), place = `@group(${group}) @binding(${binding})`;
    if (taken.has(place)) fail(at, `${place} is ${taken.get(place)} already; give ${name} a number of its own`);
    taken.set(place, name);
    if (binding >= PARAMS) fail(at, `${name} is at binding ${binding}; number bindings from 0 to ${PARAMS - 1}`);
    if (space === "storage" && group === 0) tensors.set(name, [binding, access as Access]);
    else if (space === "uniform" && group === 1 && binding === 0) { params = fields(type.trim(), at); uniform = name; }
    else fail(
      at,
      `${name} is ${space ? `var<${space}>` : "no buffer"} at ${place}; tensors are var<storage> in group 0, `
        + "and the one uniform is @group(1) @binding(0) var<uniform> dim: Params",
    );
  }
  for (const m of text.matchAll(/@group\b/g)) {
    if (!declared.has(m.index))
      fail(m.index, "this binding cannot be read; write @group(0) @binding(n) var<storage, read> name: array<f32>;");
  }

  /** Fields of the struct that the uniform is. */
  function fields(struct: string, at: number): typeof params {
    const m = new RegExp(`\\bstruct\\s+${/^\w+$/.test(struct) ? struct : "\\b"}\\s*\\{([^}]*)\\}`).exec(text)
      ?? fail(at, `the uniform's type ${struct} is no struct of this shader`);
    const start = m.index + m[0].indexOf("{") + 1, found: typeof params = [];
    for (const f of m[1].matchAll(/[^,]*?(\S[^,]*)(?:,|$)/g)) {
      const [, name, type] = /^(\w+)\s*:\s*([uif]32)\s*$/.exec(f[1]) ?? fail(
        start + f.index + f[0].indexOf(f[1]),
        `a param is a 4-byte scalar, "name: u32", i32 or f32, not "${f[1].trim()}"`,
      );
      found.push([name, type as "u32"]);
    }
    return found.length <= 64 ? found : fail(at, `${found.length} params are more than the 64 that fit in 256 bytes`);
  }

  const literal = /-?(?:0[xX][\da-fA-F]+[ui]?|[\d.]+(?:[eE][-+]?\d+)?[uifh]?)|true|false/.source;
  const override = RegExp(`^(?:override|const(?=.*// baked$)) (\\w+): (?:u32|i32|f32|bool) = (${literal});`, "gm");
  const valueOf = (text: string) => text === "true" ? 1
    : /x/i.test(text) ? parseInt(text.replace("-", ""), 16) * (text.startsWith("-") ? -1 : 1)
    : Number(text.replace("false", "0").replace(/[uifh]$/, ""));
  const overrides = [...code.matchAll(override)].map(([, name, value]) => [name, valueOf(value)] as const);
  for (const m of text.matchAll(/\boverride\s+(\w+)/g)) {
    if (!overrides.some(([name]) => name === m[1])) fail(
      m.index,
      `override ${m[1]} is written at the start of a line, with its type and a literal default: `
        + `override ${m[1]}: u32 = 1;`,
    );
  }

  /**
   * Where a local hides what has its name: behind its declaration, to the end of its block or of the loop whose head it
   * is in.
   */
  const scope = (at: number) => {
    const [open, end] = [...close].filter(([open, end]) => open < at && at < end).reduce((a, b) => a[0] > b[0] ? a : b);
    return { from: text.indexOf(";", at), to: text[open] === "(" ? close.get(text.indexOf("{", end))! : end };
  };
  const functions = new Map<string, { at: number; attributes: string; words: Set<string> }>();
  for (const m of text.matchAll(/((?:@\w+\s*(?:\([^()]*(?:\([^()]*\)[^()]*)*\))?\s*)*)\bfn\s+(\w+)\s*\(/g)) {
    const open = m.index + m[0].length - 1, body = text.indexOf("{", close.get(open)!);
    const own = new Set([...text.slice(open, close.get(open)).matchAll(/(\w+)\s*:/g)].map(([, name]) => name));
    const inner = body < 0 ? "" : text.slice(body, close.get(body));
    const locals = inner.matchAll(/\b(?:let|const|var(?:\s*<[^>]*>)?)\s+(\w+)/g);
    const hidden = [...locals].map(({ 0: whole, 1: name, index }) =>
      ({ name, at: body + index + whole.length - name.length, ...scope(body + index) }));
    const foreign = (word: string, place: number) => !own.has(word) && !hidden.some(({ name, at, from, to }) =>
      name === word && (place === at || (place > from && place < to)));
    const words = new Set([...inner.matchAll(/(?<![\w.])[A-Za-z_]\w*/g)]
      .filter(({ 0: word, index }) => foreign(word, body + index))
      .map(([word]) => word));
    functions.set(m[2], { at: m.index, attributes: m[1], words });
  }
  const entries: Record<string, Record<string, readonly [number, Access]>> = {};
  for (const [name, { at, attributes }] of functions) {
    if (![...attributes.matchAll(/@(\w+)/g)].some(([, attribute]) => attribute === "compute")) continue;
    const sizes = /@workgroup_size\s*\(((?:[^()]|\([^()]*\))*)\)/.exec(attributes)?.[1]
      .split(",").filter((s) => s.trim()).length ?? 0;
    if (sizes !== 3) fail(at, `${name} has ${sizes} of three workgroup sizes; write @workgroup_size(WORKGROUP, 1, 1)`);
    const reached = new Set([name]), named = new Set<string>();
    for (const f of reached) {
      for (const word of functions.get(f)!.words) {
        named.add(word);
        if (functions.has(word)) reached.add(word);
      }
    }
    const bound = [...tensors].filter(([tensor]) => named.has(tensor)).sort(([, [a]], [, [b]]) => a - b);
    if (bound.length > 8) {
      const many = bound.map(([tensor]) => tensor).join(", ");
      fail(at, `${name} binds ${bound.length} storage buffers (${many}); WebGPU promises 8`);
    }
    entries[name] = Object.fromEntries(bound);
  }
  if (!Object.keys(entries).length)
    fail(0, "there is no entry point: no function is marked as compute, with its @workgroup_size(WORKGROUP, 1, 1)");
  if (uniform && !params.length) fail(text.indexOf(uniform), "the Params struct has no fields");
  return { code, origin, overrides: Object.fromEntries(overrides), params: Object.fromEntries(params), entries };
}

/**
 * `// #import name` becomes the library's text, once each, behind what that imports; lib/value.wgsl not where the text
 * has a Value of its own. `origin`: for each line of code, its line in the source.
 */
function paste(source: string, library: (name: string) => string | undefined): { code: string; origin: number[] } {
  const lines: string[] = [], origin: number[] = [], pasted = new Set(/^alias Value/m.test(source) ? ["value"] : []);
  const add = (name: string, line: number) => {
    if (pasted.has(name)) return;
    pasted.add(name);
    const text = library(name);
    if (text === undefined)
      throw new ShaderError(`line ${line}, column 1: there is no "${name}" to import`, { line, column: 1 });
    for (const [, further] of text.matchAll(IMPORT)) add(further, line);
    for (const own of text.replace(/\n$/, "").split("\n")) { lines.push(own); origin.push(line); }
  };
  source.split("\n").forEach((own, i) => {
    const [[, name] = []] = own.matchAll(IMPORT);
    if (name) add(name, i + 1);
    else { lines.push(own); origin.push(i + 1); }
  });
  return { code: lines.join("\n"), origin };
}
const IMPORT = /^\/\/ #import (\w+)$/gm;

/** Comments as spaces, so that places stay. */
export const blank = (code: string): string =>
  code.replace(/\/\/.*|\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "));

/** Where each bracket closes. */
function balanced(text: string, fail: (at: number, why: string) => never): Map<number, number> {
  const open: number[] = [], close = new Map<number, number>();
  const partner: Record<string, string> = { ")": "(", "}": "{", "]": "[" };
  for (const { 0: bracket, index } of text.matchAll(/[()[\]{}]/g)) {
    if (!(bracket in partner)) open.push(index);
    else if (open.length && text[open.at(-1)!] === partner[bracket]) close.set(open.pop()!, index);
    else fail(index, `"${bracket}" closes nothing${open.length ? `; a "${text[open.at(-1)!]}" is open` : ""}`);
  }
  return open.length ? fail(open.at(-1)!, `"${text[open.at(-1)!]}" is never closed`) : close;
}
