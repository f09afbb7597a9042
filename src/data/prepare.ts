// What may be done to images on their way into a network: the options, their checks, and the numbers that shaders take.
import { OptionError, ShapeError } from "../errors.js";
import type { Dataset } from "./dataset.js";

/** Per channel, or one for all: torchvision's Normalize(mean, std), (v − mean) / std with v from 0 to 1. */
export interface Normalise { readonly mean: number | readonly number[]; readonly std: number | readonly number[] }

/**
 * Random changes of the training images, each with its transform's name in torchvision. They happen in this order, on the GPU and in
 * floats: ColorJitter, Resize, RandomCrop, RandomHorizontalFlip, Normalize, RandomErasing. Seed, step and place in the batch decide.
 */
export interface Augment {
  /** RandomCrop(size, padding): so many zeros are put around the image, and a part of its size is cut out anywhere. Pixels; default 0. */
  readonly crop?: number;
  /** RandomHorizontalFlip(p): left and right change places. True is 0.5. */
  readonly flip?: boolean | number;
  /** ColorJitter(brightness): a factor from max(0, 1 − b) to 1 + b. */
  readonly brightness?: number;
  /** ColorJitter(contrast): a factor likewise on the distance from the image's mean grey. Comes before brightness. For 1 or 3 channels. */
  readonly contrast?: number;
  /** RandomErasing(p): a rectangle of 2 to 33 % of the image, of ratio 0.3 to 3.3, becomes 0, which after normalisation is the mean. */
  readonly erase?: number;
}

/** How images come into a network: what train() and Session both take. */
export interface Preparation {
  /** In training, evaluation and prediction alike. Default: bytes / 255. */
  normalise?: Normalise;
  /** In training only. Default: images as they are. */
  augment?: Augment;
  /**
   * True: all images lie on the GPU, as bytes. False: they stream, each step uploads its batch, which gives the same bits. Default: they
   * lie there if the adapter can bind and hold them, else they stream.
   */
  resident?: boolean;
}

export type Augmentation = { readonly [K in keyof Augment]-?: number };
const none: Augmentation = { crop: 0, flip: 0, brightness: 0, contrast: 0, erase: 0 };

/** All of the options as numbers, checked for images [C, H, W] of the network; undefined if they change nothing. */
export function augmentation(augment: Augment | undefined, [C, H, W]: readonly number[]): Augmentation | undefined {
  if (!augment) return undefined;
  const given = { ...none, ...Object.fromEntries(Object.entries(augment).filter(([, value]) => value !== undefined)) } as Record<string, number | boolean>;
  const all = { ...given, flip: given.flip === true ? 0.5 : Number(given.flip) } as Augmentation & Record<string, number>;
  const wrong = (name: string, what: string) => { throw new OptionError(`augment: ${name} is ${what}, not ${String(given[name])}`, { [name]: given[name] }); };
  for (const [name, value] of Object.entries(all)) {
    if (!Object.hasOwn(none, name)) throw new OptionError(`augment knows no "${name}", only ${Object.keys(none).join(", ")}`, { [name]: value });
    if (name === "crop" && !(Number.isInteger(value) && value >= 0 && value < Math.min(H, W))) wrong(name, `a number of pixels, whole and below the image's ${Math.min(H, W)}`);
    if ((name === "flip" || name === "erase") && !(value >= 0 && value <= 1)) wrong(name, "a probability from 0 to 1");
    if (!(Number.isFinite(value) && value >= 0)) wrong(name, "a number of at least 0");
  }
  if (all.contrast && C !== 1 && C !== 3) throw new OptionError(`augment: contrast is for grey images and for red, green and blue, and these have ${C} channels; leave it out`, { channels: C });
  return Object.values(all).some((value) => value > 0) ? all : undefined;
}

/** The options in words, for checkpoints and people; undefined if images stay as they are. */
export function inWords(augment: Augmentation | undefined): string | undefined {
  return augment && Object.entries(augment).filter(([, value]) => value > 0).map(([name, value]) => `${name} ${value}`).join(", ");
}

/** Factor and summand of each channel of values from 0 to `most`, [C, 2]. */
export function levelsOf(normalise: Normalise | undefined, C: number, most: number): Float32Array<ArrayBuffer> {
  const { mean, std } = normalise ?? { mean: 0, std: 1 };
  const [means, stds] = Object.entries({ mean, std }).map(([name, value]) => {
    const list = typeof value === "number" ? Array<number>(C).fill(value) : [...value];
    if (list.length !== C) throw new ShapeError(`normalise: ${name} has ${list.length} numbers, and the images have ${C} channels`, { [name]: value, channels: C });
    const odd = list.find((v) => !Number.isFinite(v) || (name === "std" && v <= 0));
    if (odd !== undefined) throw new OptionError(`normalise: ${name} is ${name === "std" ? "above 0" : "a number"}, for values from 0 to 1, not ${odd}`, { [name]: value });
    return list;
  });
  return Float32Array.from({ length: 2 * C }, (_, i) => i % 2 ? -means[i >> 1] / stds[i >> 1] : 1 / most / stds[i >> 1]);
}

/** Mean grey of each image, 0 to 255, by torchvision's weights of red, green and blue. */
export function greysOf({ images, shape: [C], size }: Dataset): Float32Array<ArrayBuffer> {
  const weights = C === 3 ? [0.2989, 0.587, 0.114] : [1], each = images.length / size;
  return Float32Array.from({ length: size }, (_, n) => {
    const sums = weights.map(() => 0);
    for (let i = n * each; i < (n + 1) * each; i += C) for (let c = 0; c < weights.length; c++) sums[c] += images[i + c];
    return sums.reduce((grey, sum, c) => grey + weights[c] * sum, 0) * C / each;
  });
}
