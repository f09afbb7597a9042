// A visitor's shader and code, made into a layer. It runs in a worker, or in a test; never in the page.
import * as convoy from "convoy-gpu";
import { ConvoyError, ShaderError, type Layer } from "convoy-gpu";
import * as wgsl from "convoy-gpu/wgsl";
import type { Kernel } from "convoy-gpu/wgsl";

/** What the visitor's code returns. */
export interface Made {
  readonly layer: Layer;
  /** [N, H, W, C] of the random input. */
  readonly input: readonly [N: number, H: number, W: number, C: number];
  /** Where LeNet takes it: in place of its activations or poolings, or behind its convolutions. */
  readonly place: "activation" | "norm" | "pool";
  /** Multiply-adds forward and backward at that input, for GFLOP/s. */
  readonly macs?: readonly [forward: number, backward: number];
}

/** Where in an editor something is wrong, or right but slow, counted from 1. */
export interface Place {
  readonly file: "shader" | "layer";
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly hint?: boolean;
}

const names: Readonly<Record<string, unknown>> = { ...convoy, ...wgsl };
const AsyncFunction = (async () => {}).constructor as
  new (...args: string[]) => (...values: unknown[]) => Promise<unknown>;

/** The entry points of a shader. Throws a ShaderError with line and column. */
export function kernelsOf(shader: string): Record<string, Kernel> {
  const entries = [...shader.replace(/\/\/.*/g, "").matchAll(/@compute\b[^{}]*?\bfn\s+(\w+)/g)].map(([, name]) => name);
  if (!entries.length) return { none: wgsl.kernel(shader) };
  return Object.fromEntries(entries.map((entry) => [entry, wgsl.kernel(shader, { entry })]));
}

/** Runs the visitor's code on the shader's kernels. */
export async function makeLayer(shader: string, code: string): Promise<Made> {
  const kernels = new Proxy(kernelsOf(shader), { get(of, key) {
    if (typeof key !== "string" || key in of) return of[key as string];
    throw new ShaderError(`the shader has no entry point "${key}", only ${Object.keys(of).join(", ")}`, { entry: key });
  } });
  const run = new AsyncFunction("kernels", ...Object.keys(names), code);
  const made = await run(kernels, ...Object.values(names)) as Partial<Made> | undefined;
  const { layer, input, place = "norm", macs } = made ?? {};
  const refuse = (why: string, details?: Record<string, unknown>): never => {
    throw new ConvoyError("playground", why, details);
  };
  if (typeof layer?.shape !== "function")
    return refuse("the code returns no layer; end it with: return { layer, input: [2, 6, 6, 4] }");
  const four = Array.isArray(input) && input.length === 4;
  if (!four || !input.every((n) => Number.isInteger(n) && n > 0 && n <= 4096))
    return refuse("input is the shape of the random input, four integers: [N, H, W, C]", { input });
  if (!["activation", "norm", "pool"].includes(place))
    return refuse(`place is "activation", "norm" or "pool", not "${String(place)}"`, { place });
  return { layer, input: input as unknown as Made["input"], place, macs };
}

/** What errors of the library say of places. */
interface Details {
  readonly line?: number;
  readonly column?: number;
  readonly errors?: readonly { readonly line: number; readonly column: number; readonly message: string }[];
}
const HEAD = 2;  // lines of a function's head, before its code

/** Where an error lies, as far as it says so. */
export function placesOf(error: unknown): Place[] {
  if (!(error instanceof Error)) return [];
  const details = error instanceof ConvoyError ? error.details as Details : {};
  if (details.errors) {
    return details.errors.map((e) => ({ file: "shader", message: e.message, column: e.column, line: e.line }));
  }
  if (details.line && details.column) {
    const message = error.message.replace(/^line \d+, column \d+: /, "");
    return [{ file: "shader", line: details.line, column: details.column, message }];
  }
  const [, line, column] = /<anonymous>:(\d+):(\d+)/.exec(error.stack ?? "") ?? [];
  if (!line || Number(line) <= HEAD) return [];
  return [{ file: "layer", line: Number(line) - HEAD, column: Number(column), message: error.message }];
}
