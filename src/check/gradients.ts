import { OptionError } from "../errors.js";
import type { AnyLayer } from "../graph.js";
import { random } from "../random.js";
import type { Shape, Tensor } from "../gpu/recorder.js";
import { Bench, probeOn, type CheckOptions, type Probe, type Values } from "./probe.js";
import { report, worst, type Finding, type Report } from "./report.js";

const CLOSER = 1024;  // elements of a tensor that are looked at where all together look wrong

/** y in f64 from inputs and parameters by name, each in the shader's order. */
export type Reference =
  (values: Readonly<Record<string, Float64Array>>, shapes: Readonly<Record<string, Shape>>) => ArrayLike<number>;

/** What checkGradients() takes beside the layer and its shapes. */
export interface GradientOptions extends CheckOptions {
  /**
   * The layer's f64 twin, y alone. With it differences are taken in f64; without, of the layer's own forward pass on
   * the GPU.
   */
  reference?: Reference;
  /**
   * Elements of each tensor that are looked at one by one, at most. All others count in one direction together.
   * Default 48.
   */
  elements?: number;
  /** Error allowed, of the largest gradient of a tensor. Default 2e-3 by f32, 1e-4 by f64. */
  tolerance?: number;
  /**
   * Hears of each gradient, "dx" or "dweight", what it was held against: the elements looked at, as backward has them
   * and as differences say.
   */
  seen?: (tensor: string, shape: Shape, at: readonly number[], got: readonly number[], want: readonly number[]) => void;
}

/**
 * Holds a layer's backward pass against differences of its forward pass: d/dv Σ dy · y for elements v of every input
 * and parameter, by four values of y (steps h and 2h, Richardson's extrapolation, whose error is h⁴ / 30 of the fifth
 * derivative; h = 2⁻⁵ of v's size balances it with f32's rounding). A kink between the steps shows in their slopes and
 * in their bends, which then do not fit one another: by as much more is allowed.
 */
export async function checkGradients(
  layer: AnyLayer, shapes: readonly Shape[], options: GradientOptions,
): Promise<Report> {
  const { device, seed = 1, elements = 48, reference } = options;
  const it = probeOn(layer, shapes, options);
  const tolerance = options.tolerance ?? (reference ? 1e-4 : 2e-3);
  const dy = it.values.get(it.tensors.get("dy")!)!, y = it.tensors.get("y")!;
  const [low, high] = Array.isArray(options.range) ? options.range as [number, number] : [-1, 1];
  /** Steps do not leave the side of 0 that inputs are on. */
  const clearance = low * high > 0 ? Math.min(Math.abs(low), Math.abs(high)) / 4 : Infinity;
  const findings: Finding[] = [], looked: string[] = [];
  const all = [...it.tensors.values()];
  const whole = await Bench.open(device, [...it.forward, ...it.backward], all);
  const only = await Bench.open(device, it.forward, all);
  try {
    const named = it.sources.filter((name) => it.tensors.has(`d${name}`));
    const gradients = await whole.run(it.values, named.map((name) => it.tensors.get(`d${name}`)!));
    /** y where `t` holds these values. */
    const ys = async (t: Tensor, v: Values): Promise<ArrayLike<number>> => {
      if (reference) return answer(it, reference, new Map([[t, v]]));
      const [values] = await only.run(new Map(it.values).set(t, v), [y]);
      return values;
    };
    for (const [k, name] of named.entries()) {
      const t = it.tensors.get(name)!, at = chosen(t.size, elements, random(seed, 7000 + k)), base = it.values.get(t)!;
      const size = Math.max(1e-3, base.reduce((a, v) => Math.max(a, Math.abs(v)), 0));
      const isInput = (layer.inputs ?? ["x"] as readonly string[]).includes(name as never);
      const h = Math.min((reference ? 2 ** -9 : 2 ** -5) * size, isInput ? clearance : Infinity);
      /** Slope of Σ dy · y along a direction, and how far a kink may move it. */
      const slope = async (direction: (i: number) => number) => {
        const along = async (step: number) => {
          const at = (by: number) => ys(t, base.map((v, i) => v + by * direction(i)) as Values);
          const a = await at(step), b = await at(-step);
          return {
            slope: dy.reduce((sum, d, i) => sum + d * (a[i] - b[i]), 0) / (2 * step),
            bend: dy.reduce((sum, d, i) => sum + d * (a[i] - middle[i] + (b[i] - middle[i])), 0) / step,
          };
        };
        const near = await along(h), far = await along(2 * h);  // smooth: the slopes are equal, and the bends as 1 to 2
        return {
          value: (4 * near.slope - far.slope) / 3,
          kink: Math.abs(near.slope - far.slope) + Math.abs(far.bend - 2 * near.bend),
        };
      };
      const middle = await ys(t, base);
      /** Looks at these elements one by one. */
      const each = async (at: readonly number[]) => {
        const slopes: Awaited<ReturnType<typeof slope>>[] = [];
        for (const i of at) slopes.push(await slope((j) => j === i ? 1 : 0));
        const got = at.map((i) => gradients[k][i]), want = slopes.map((s) => s.value);
        const compared = { tensor: `d${name}`, shape: t.shape, at, got, want };
        const how = { allowed: (j: number) => slopes[j].kink, says: "differences say" };
        return { ...compared, found: worst("gradient", compared, tolerance, how) };
      };
      let last = await each(at);
      if (at.length < t.size && !last.found.length) {  // all others together, and one by one if that looks wrong
        const r = random(seed, 8000 + k), v = Float32Array.from({ length: t.size }, () => r() < 0.5 ? -1 : 1);
        const { value, kink } = await slope((i) => v[i]);
        const got = gradients[k].reduce((sum, d, i) => sum + d * v[i], 0);
        const norm = Math.sqrt(gradients[k].reduce((sum, d) => sum + d * d, 0)) || 1;
        if (!(Math.abs(got - value) <= 4 * tolerance * norm + kink))
          last = await each(chosen(t.size, Math.min(t.size, CLOSER), random(seed, 9000 + k)));
      }
      const { tensor, shape, at: seen, got, want, found } = last;
      looked.push(`${seen.length === t.size ? "all" : `${seen.length} of`} ${t.size} elements of ${tensor}`);
      findings.push(...found);
      options.seen?.(tensor, shape, seen, got, want);
    }
    return report(layer.name, looked, findings);
  } finally { whole.destroy(); only.destroy(); }
}

/** What compare() takes beside the layer and its reference. */
export interface CompareOptions extends CheckOptions {
  /** Error allowed, of the largest element of y. Default 1e-5. */
  tolerance?: number;
}

/** Holds a layer's y against a reference in f64, on drawn values. */
export async function compare(
  layer: AnyLayer, reference: Reference, shapes: readonly Shape[], options: CompareOptions,
): Promise<Report> {
  const it = probeOn(layer, shapes, options);
  const y = it.tensors.get("y")!;
  const bench = await Bench.open(options.device, it.forward, it.tensors.values());
  try {
    const [got] = await bench.run(it.values, [y]), want = answer(it, reference), all = Array.from(got, (_, i) => i);
    const wrong = want.length === y.size
      ? worst("value", { tensor: "y", shape: y.shape, at: all, got, want }, options.tolerance ?? 1e-5)
      : [{
        check: "value", tensor: "y",
        message: `y has ${y.size} elements, [${y.shape.join(", ")}], but the reference gives ${want.length}`,
      } as const];
    return report(layer.name, [`${y.size} elements of y`], wrong);
  } finally { bench.destroy(); }
}

/** What the reference says, errors with the layer's name. */
function answer(it: Probe, reference: Reference, instead?: ReadonlyMap<Tensor, Values>): ArrayLike<number> {
  let y: ArrayLike<number> | undefined;
  try { y = reference(doubles(it, instead), shapesOf(it)); } catch (cause) {
    throw new OptionError(
      `${it.name}: its reference threw "${(cause as Error).message}"; `
        + `it gets (${it.sources.join(", ")}) and their shapes by name`,
      { layer: it.name }, cause,
    );
  }
  if (typeof y?.length !== "number") throw new OptionError(
    `${it.name}: its reference gave ${String(y)}; it returns y, a list of numbers`, { layer: it.name },
  );
  return y;
}
const shapesOf = (it: Probe): Record<string, Shape> =>
  Object.fromEntries([...it.tensors].map(([name, t]) => [name, t.shape]));
const doubles = (it: Probe, instead: ReadonlyMap<Tensor, Values> = new Map()): Record<string, Float64Array> =>
  Object.fromEntries([...it.tensors]
    .filter(([, t]) => it.values.has(t))
    .map(([name, t]) => [name, Float64Array.from(instead.get(t) ?? it.values.get(t)!)]));

/** First, last, and others drawn; in order. */
function chosen(size: number, most: number, draw: () => number): number[] {
  if (size <= most) return Array.from({ length: size }, (_, i) => i);
  const set = new Set([0, size - 1]);
  while (set.size < most) set.add(Math.floor(draw() * size));
  return [...set].sort((a, b) => a - b);
}
