// What a page's own files say about its family of networks; everything else on the page is shared.
import { kaimingUniform, sgd, xavierUniform, type Init, type Part } from "convoy-gpu";
import { recipe, type Recipe } from "convoy-gpu/models";
import type { ImageShape } from "./protocol.js";

export type Value = string | number;
/** Values of all controls, by name. */
export type Settings = Readonly<Record<string, Value>>;
/** Test images that a software adapter is judged by: as many as it trains on, up to 500. */
export const tested = ({ images }: Settings, most = Infinity) => Math.min(500, Number(images), most);

export interface Control {
  /** In the URL, and in the settings. */
  readonly name: string;
  readonly label: string;
  /** Applies while the run goes on; any other control starts a new run. */
  readonly live?: boolean;
  /** A list to choose from, the same as a slider, or any whole number from a least (0) up to a largest. */
  readonly kind: "choice" | "slider" | "integer";
  readonly values?: readonly Value[];
  readonly least?: number;
  readonly most?: number;
  /** How a value is shown; default as it is. */
  readonly text?: (value: Value) => string;
}

/** Settings that belong together: for a software adapter, for a first look on a GPU, as the article trains. */
export const presetNames = ["tiny", "quick", "article"] as const;
export type PresetName = (typeof presetNames)[number];
export type Presets = Readonly<Record<PresetName, Settings>>;

export interface Family {
  /** "LeNet". */
  readonly title: string;
  readonly controls: readonly Control[];
  readonly presets: Presets;
  build(settings: Settings, classes: number): Part;
}

/** [C, H, W] of what the network sees of images [C, H, W]: of the size that a control "size" chooses, if one does. */
export function inputOf([C, H, W]: ImageShape, { size }: Settings): ImageShape {
  return size === undefined ? [C, H, W] : [C, Number(size), Number(size)];
}

const inits: Readonly<Record<string, Init | undefined>> =
  { layer: undefined, kaiming: kaimingUniform, xavier: xavierUniform };
/** First values of weights; undefined leaves them to each layer. */
export const initOf = ({ first }: Settings): Init | undefined => inits[first];
export const optimizerOf = ({ rate, momentum }: Settings) => sgd({ lr: Number(rate), momentum: Number(momentum) });

/**
 * The presets of a family: recipes of models/recipes.ts, "quick" and the book's, whose network the article describes;
 * and `tiny`, which says what differs from batches of 16 of 1,000 images, five times over. `article`: what a recipe
 * cannot say.
 */
export function presets(quick: string, tiny: Settings, article: Settings = {}, book = quick): Presets {
  const of = (from: Recipe): Settings => {
    const { batch, lr, momentum, init, inputSize, options: { width = 1, activation = "sigmoid" } } = from;
    const first = init === kaimingUniform ? "kaiming" : "xavier";
    return { batch, rate: lr, momentum, first, size: inputSize, width, activation, images: 10000, epochs: 10, seed: 1 };
  };
  const fast = of(recipe("quick", quick));
  return {
    tiny: { ...fast, batch: 16, images: 1000, epochs: 5, ...tiny },
    quick: fast,
    article: { ...of(recipe("d2l", book)), ...article },
  };
}

/**
 * The controls that all families have: `batch`, `rate`, `momentum`, `first`, `images`, `epochs`, `seed`, and between
 * them the family's own.
 */
export function trainingControls(...own: Control[]): Control[] {
  return [
    { name: "batch", label: "Batch size", kind: "choice", values: [8, 16, 32, 64, 128, 256] },
    {
      name: "rate", label: "Learning rate", kind: "slider", live: true,
      values: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.9, 1],
    },
    { name: "momentum", label: "Momentum", kind: "choice", values: [0, 0.5, 0.9, 0.95] },
    {
      name: "first", label: "Initialiser", kind: "choice", values: Object.keys(inits),
      text: (name) => ({ layer: "PyTorch’s", kaiming: "Kaiming", xavier: "Xavier" })[name] ?? "",
    },
    ...own,
    {
      name: "images", label: "Images", kind: "choice", values: [16, 500, 1000, 2000, 5000, 10000, 1e6],
      text: (n) => n === 1e6 ? "All" : Number(n).toLocaleString("en"),
    },
    { name: "epochs", label: "Epochs", kind: "integer", least: 1, most: 1e6 },
    { name: "seed", label: "Seed", kind: "integer", most: 2 ** 32 - 1 },
  ];
}

/** Height and width that images are resized to, from the smallest that fits the network up. */
export const sizeControl = (least: number): Control => ({
  name: "size", label: "Input size", kind: "choice", values: [32, 64, 96, 128, 224].filter((size) => size >= least),
  text: (size) => `${size} × ${size}`,
});

/** The factor on channel counts and hidden sizes. */
export const widthControl: Control = {
  name: "width", label: "Width", kind: "choice", values: [1, 0.5, 0.25, 0.125],
  text: (width) => width === 1 ? "1" : `1/${1 / Number(width)}`,
};
