// What the page shows: a layer, its input and weights, and the output cell that is looked at. All of it is in the URL.
import { avgPool2d, conv2d, maxPool2d } from "convoy-gpu";
import { textOf } from "../shared/protocol.js";

export type Kind = "conv" | "max" | "avg";
export type Two = readonly [height: number, width: number];
export type Cell = readonly [filter: number, row: number, column: number];

export interface Setup {
  readonly layer: Kind;
  readonly size: Two; readonly window: Two; readonly padding: Two; readonly stride: Two;
  readonly dilation: number; readonly channels: number; readonly filters: number; readonly groups: number;
  /** [channels, height, width], and [filters, channels / groups, height, width]; without them, they count up. */
  readonly x?: readonly number[];
  readonly weight?: readonly number[];
  readonly cell: Cell;
}

/** Settings by name: label, least and most; of a pair, of either side. */
export const pairs = {
  size: ["Input", 1, 8], window: ["Window", 1, 5], padding: ["Padding", 0, 2], stride: ["Stride", 1, 4],
} as const;
export const singles = {
  dilation: ["Dilation", 1, 3], channels: ["Channels", 1, 3], filters: ["Filters", 1, 3],
} as const;
export const kinds = { conv: "Convolution", max: "Max pooling", avg: "Average pooling" } as const;

const plain: Setup = {
  layer: "conv", size: [3, 3], window: [2, 2], padding: [0, 0], stride: [1, 1], dilation: 1,
  channels: 1, filters: 1, groups: 1, cell: [0, 0, 0],
};
const square = Array.from({ length: 64 }, (_, i) => Number(i % 8 > 1 && i % 8 < 6 && i > 15 && i < 48));
const bowl = Array.from({ length: 49 }, (_, i) => ((i % 7) - 3) ** 2 + (Math.floor(i / 7) - 3) ** 2);
const picture = [1, 3, 2, 1, 2, 9, 1, 1, 1, 3, 2, 3, 5, 6, 1, 2];

export const presets: Readonly<Record<string, readonly [name: string, setup: Setup]>> = {
  window: ["A window", plain],
  edges: ["Edges", {
    ...plain, size: [8, 8], window: [3, 3], padding: [1, 1], x: square,
    weight: [-1, 0, 1, -2, 0, 2, -1, 0, 1], cell: [0, 3, 1],
  }],
  channels: ["Channels", { ...plain, channels: 2, filters: 2 }],
  pointwise: ["1 × 1", {
    ...plain, channels: 3, filters: 2, window: [1, 1], weight: [0.3, 0.6, 0.1, 1, -1, 0], cell: [0, 1, 1],
  }],
  example: ["Padding and strides", { ...plain, padding: [1, 1], stride: [3, 2], cell: [0, 0, 1] }],
  dilated: ["Dilation", {
    ...plain, size: [7, 7], window: [3, 3], dilation: 2, x: bowl,
    weight: [0, 1, 0, 1, -4, 1, 0, 1, 0], cell: [0, 1, 1],
  }],
  depthwise: ["Depthwise", {
    ...plain, size: [4, 4], channels: 2, filters: 2, groups: 2, window: [3, 3], cell: [1, 0, 1],
  }],
  max: ["Max pooling", { ...plain, layer: "max", size: [4, 4], stride: [2, 2], x: picture }],
  average: ["Average pooling", { ...plain, layer: "avg", size: [4, 4], stride: [2, 2], x: picture }],
};

export const convolves = ({ layer }: Setup) => layer === "conv";
/** Into how many groups channels and filters can be cut. */
export const divisors = ({ channels, filters }: Setup) =>
  [1, 2, 3].filter((n) => channels % n === 0 && filters % n === 0);

export function layerOf({ layer, window: kernel, padding, stride, dilation, filters, groups }: Setup) {
  if (layer === "max") return maxPool2d({ kernel, padding, stride, dilation });
  if (layer === "avg") return avgPool2d({ kernel, padding, stride });
  return conv2d({ filters, kernel, padding, stride, dilation, groups, bias: false });
}

/** The output [filters, height, width], or why there is none. */
export function outputOf(setup: Setup): Cell | string {
  try {
    const [, P, Q, K] = layerOf(setup).shape([1, ...setup.size, setup.channels]);
    return [K, P, Q];
  } catch (error) { return textOf(error); }
}

export const xShape = ({ channels, size }: Setup) => [channels, ...size];
export const weightShape = ({ filters, channels, groups, window }: Setup) => [filters, channels / groups, ...window];
const count = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
const upward = ([A, B, M, N]: readonly number[]) => Array.from({ length: A * B * M * N }, (_, i) =>
  i % (M * N) + Math.floor(i / (M * N)) % B + Math.floor(i / (B * M * N)));

export const xOf = (setup: Setup): readonly number[] => setup.x ?? upward([1, ...xShape(setup)]);
export const weightOf = (setup: Setup): readonly number[] => setup.weight ?? upward(weightShape(setup));

/** Values that were typed stay where they were; new places count up. */
function moved(
  values: readonly number[] | undefined, from: readonly number[], to: readonly number[],
): readonly number[] | undefined {
  if (!values || from.join() === to.join()) return values;
  return upward(to).map((fresh, i) => {
    let rest = i, at = 0, stride = 1, inside = true;
    for (let axis = to.length - 1; axis >= 0; axis--) {
      const place = rest % to[axis];
      inside &&= place < from[axis];
      at += place * stride;
      stride *= from[axis];
      rest = Math.floor(rest / to[axis]);
    }
    return inside ? values[at] : fresh;
  });
}

/** A setup with some settings changed and all others made to fit. */
export function changed(setup: Setup, change: Partial<Setup>): Setup {
  let next = { ...setup, ...change };
  if (!convolves(next)) next = { ...next, filters: next.channels, groups: 1 };
  if (!divisors(next).includes(next.groups)) next = { ...next, groups: 1 };
  if (next.layer === "avg") next = { ...next, dilation: 1 };
  const output = outputOf(next);
  const cell = typeof output === "string"
    ? next.cell
    : next.cell.map((at, axis) => Math.min(at, output[axis] - 1)) as unknown as Cell;
  const weight = convolves(setup) ? setup.weight : undefined;
  return {
    ...next, cell,
    x: change.x ?? moved(setup.x, [1, ...xShape(setup)], [1, ...xShape(next)]),
    weight: change.weight ?? moved(weight, weightShape(setup), weightShape(next)),
  };
}

const numbers = (text: string | null, separator: RegExp): number[] | undefined => {
  const all = text?.split(separator).map((t) => t.trim() === "" ? NaN : Number(t));
  return all?.every((n) => Number.isFinite(n) && Math.abs(n) <= 9999) ? all : undefined;
};
const whole = (n: number, least: number, most: number) => Number.isInteger(n) && n >= least && n <= most;

/** What the URL says, as far as it is sensible; a URL without settings shows the first preset. */
export function readSetup(search: string): Setup {
  const query = new URLSearchParams(search), [, first] = presets.window;
  if (![...Object.keys(pairs), ...Object.keys(singles), "layer"].some((name) => query.has(name))) return first;
  const change: Record<string, unknown> = {
    layer: Object.keys(kinds).find((k) => k === query.get("layer")) ?? "conv",
    groups: Number(query.get("groups") ?? 1),
  };
  for (const [name, [, least, most]] of Object.entries(pairs)) {
    const two = numbers(query.get(name), /x/);
    if (two?.length === 2 && two.every((n) => whole(n, least, most))) change[name] = two;
  }
  for (const [name, [, least, most]] of Object.entries(singles)) {
    const [n] = numbers(query.get(name), /,/) ?? [];
    if (whole(n, least, most)) change[name] = n;
  }
  const cell = numbers(query.get("cell"), /,/);
  const place = cell?.length === 3 && cell.every((n) => whole(n, 0, 99)) && { cell: cell as unknown as Cell };
  const setup = changed(plain, { ...change, ...place });
  const x = numbers(query.get("x"), /,/), weight = numbers(query.get("weight"), /,/);
  return {
    ...setup,
    ...x?.length === count(xShape(setup)) && { x },
    ...convolves(setup) && weight?.length === count(weightShape(setup)) && { weight },
  };
}

export function writeSetup(setup: Setup): string {
  const query = new URLSearchParams({ layer: setup.layer });
  for (const name of Object.keys(pairs) as (keyof typeof pairs)[]) query.set(name, setup[name].join("x"));
  const counts = ["dilation", "channels", ...convolves(setup) ? ["filters", "groups"] as const : []] as const;
  for (const name of counts) query.set(name, String(setup[name]));
  for (const name of ["x", "weight"] as const)
    if (setup[name] && (name === "x" || convolves(setup))) query.set(name, setup[name].join());
  query.set("cell", setup.cell.join());
  return `?${query.toString().replaceAll("%2C", ",")}`;
}
