// What a page's own files say about its family of networks; everything else on the page is shared.
import type { Init, Part } from "convoy-gpu";

export type Value = string | number;
/** Values of all controls, by name. */
export type Settings = Readonly<Record<string, Value>>;
/** What presets depend on. */
export type Kind = "hardware" | "software";

/** Test images that a software adapter is judged by, at most. */
export const TESTED = 500;

export interface Control {
  /** In the URL, and in the settings. */
  readonly name: string;
  readonly label: string;
  /** Applies while the run goes on; any other control starts a new run. */
  readonly live?: boolean;
  /** A list to choose from, the same as a slider, or any whole number up to a largest. */
  readonly kind: "choice" | "slider" | "integer";
  readonly values?: readonly Value[];
  readonly most?: number;
  /** How a value is shown; default as it is. */
  readonly text?: (value: Value) => string;
  readonly preset: Value | Readonly<Record<Kind, Value>>;
}

export interface Family {
  /** "LeNet". */
  readonly title: string;
  /** [C, H, W] of an image of the data set. The network sees it at the size that a control "size" chooses, if there is one. */
  readonly input: readonly [number, number, number];
  readonly controls: readonly Control[];
  readonly momentum: number;
  /** First values of weights; default each layer's own. */
  readonly init?: Init;
  build(settings: Settings): Part;
}

/** [C, H, W] of what the network sees. */
export function inputOf({ input: [C, H, W] }: Family, { size }: Settings): readonly [number, number, number] {
  return size === undefined ? [C, H, W] : [C, Number(size), Number(size)];
}

/** A value, or one for each kind of adapter. */
type Preset = Control["preset"];

/** The controls that all families have: `batch`, `rate`, `images`, `epochs`, `seed`. The family's own come after the learning rate. */
export function trainingControls(presets: { batch: Preset; rate: Preset; images: Preset; epochs: Preset }, ...own: Control[]): Control[] {
  return [
    { name: "batch", label: "Batch size", kind: "choice", values: [8, 16, 32, 64, 128, 256], preset: presets.batch },
    { name: "rate", label: "Learning rate", kind: "slider", live: true, preset: presets.rate,
      values: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1] },
    ...own,
    { name: "images", label: "Images", kind: "choice", values: [500, 1000, 2000, 5000, 10000], preset: presets.images },
    { name: "epochs", label: "Epochs", kind: "choice", values: [1, 2, 5, 10, 20, 50], preset: presets.epochs },
    { name: "seed", label: "Seed", kind: "integer", most: 2 ** 32 - 1, preset: 1 },
  ];
}

/** Height and width that images are resized to, from the smallest that fits the network up. */
export const sizeControl = (least: number, preset: Preset): Control =>
  ({ name: "size", label: "Input size", kind: "choice", values: [32, 64, 96, 128, 224].filter((size) => size >= least), preset, text: (size) => `${size} × ${size}` });

/** The factor on channel counts and hidden sizes. */
export const widthControl = (software: number): Control =>
  ({ name: "width", label: "Width", kind: "choice", values: [1, 0.5, 0.25, 0.125], preset: { hardware: 1, software }, text: (width) => width === 1 ? "1" : `1/${1 / Number(width)}` });
