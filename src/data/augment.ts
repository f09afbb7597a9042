// Random changes of training images: the options as numbers, and the two kernels that make them.
import { OptionError } from "../errors.js";
import { augment_draw } from "../generated/augment.js";
import { batch_augment_gather } from "../generated/batch_augment.js";
import { tensor, type Recorder, type Shape, type Tensor } from "../gpu/recorder.js";
import { known } from "../options.js";
import type { Dataset } from "./dataset.js";

/**
 * Random changes of the training images, each with its transform's name in torchvision. They happen in this order, on
 * the GPU and in floats: ColorJitter, Resize, RandomCrop, RandomHorizontalFlip, Normalize, RandomErasing. Seed, step
 * and place in the batch decide.
 */
export interface Augment {
  /**
   * RandomCrop(size, padding): so many zeros are put around the image, and a part of its size is cut out anywhere.
   * Pixels; default 0.
   */
  readonly crop?: number;
  /** RandomHorizontalFlip(p): left and right change places. True is 0.5. */
  readonly flip?: boolean | number;
  /** ColorJitter(brightness): a factor from max(0, 1 − b) to 1 + b. */
  readonly brightness?: number;
  /**
   * ColorJitter(contrast): a factor likewise on the distance from the image's mean grey. Comes before brightness.
   * For 1 or 3 channels.
   */
  readonly contrast?: number;
  /**
   * RandomErasing(p): a rectangle of 2 to 33 % of the image, of ratio 0.3 to 3.3, becomes 0, which after normalisation
   * is the mean.
   */
  readonly erase?: number;
}

type Numbers = { readonly [K in keyof Augment]-?: number };
const none: Numbers = { crop: 0, flip: 0, brightness: 0, contrast: 0, erase: 0 };

/** How training images change: what augmentation() gives and train() takes. */
export interface Augmentation {
  /** The options, for checkpoints and people: "crop 4, flip 0.5". */
  readonly words: string;
  /** Throws an OptionError if images [C, H, W] of the network cannot be changed so. */
  check(shape: Shape): void;
  /** What the kernels want to know of each image of a set. */
  greys(data: Dataset): Float32Array<ArrayBuffer>;
  /** Records both kernels: what batch.wgsl binds and takes, and the number, in the step's batch, of the first image. */
  gather(
    rec: Recorder,
    tensors: Readonly<Record<"clock" | "greys" | "images" | "classes" | "order" | "levels" | "x" | "labels", Tensor>>,
    extents: Readonly<Record<"N" | "H" | "W" | "C" | "P" | "Q" | "RESIZE", number>>,
    first: number,
  ): void;
}

/**
 * Random changes of the training images, for train(); undefined if they change nothing. Throws an OptionError for what
 * is no option, or out of range.
 */
export function augmentation(options: Augment): Augmentation | undefined {
  const some = Object.fromEntries(Object.entries(known("augment", options, Object.keys(none).join(", ")))
    .filter(([, value]) => value !== undefined));
  const given = { ...none, ...some } as Record<string, number | boolean>;
  const all = { ...given, flip: given.flip === true ? 0.5 : Number(given.flip) } as Numbers & Record<string, number>;
  const wrong = (name: string, what: string) => {
    throw new OptionError(`augment: ${name} is ${what}, not ${String(given[name])}`, { [name]: given[name] });
  };
  for (const [name, value] of Object.entries(all)) {
    if (name === "crop" && !(Number.isInteger(value) && value >= 0))
      wrong(name, "a whole number of pixels, of at least 0");
    if ((name === "flip" || name === "erase") && !(value >= 0 && value <= 1)) wrong(name, "a probability from 0 to 1");
    if (!(Number.isFinite(value) && value >= 0)) wrong(name, "a number of at least 0");
  }
  const used = Object.entries(all).filter(([, value]) => value > 0), share = (p: number) => Math.round(p * 2 ** 24);
  if (!used.length) return undefined;
  return {
    words: used.map(([name, value]) => `${name} ${value}`).join(", "),
    check([C, H, W]) {
      if (all.crop >= Math.min(H, W)) wrong("crop", `below the image's ${Math.min(H, W)} pixels`);
      if (all.contrast && C !== 1 && C !== 3) throw new OptionError(
        `augment: contrast is for grey images and for red, green and blue, and these have ${C} channels; leave it out`,
        { channels: C },
      );
    },
    greys: (data) => all.contrast ? greysOf(data) : new Float32Array(data.size),
    gather(rec, { clock, greys, ...tensors }, { N, P, Q, ...extents }, first) {
      const { order, x } = tensors, draws = tensor("draws", [N, 10]);
      const params = { ...all, N, P, Q, first, flip: share(all.flip), erase: share(all.erase) };
      rec.dispatch(augment_draw, { clock, order, greys, draws }, params, N);
      rec.dispatch(batch_augment_gather, { ...tensors, draws }, { N, P, Q, ...extents }, x.size);
    },
  };
}

/** Mean grey of each image, 0 to 255, by torchvision's weights of red, green and blue. */
export function greysOf({ images, shape: [C], size }: Dataset): Float32Array<ArrayBuffer> {
  const weights = C === 3 ? [0.2989, 0.587, 0.114] : [1], each = images.length / size;
  return Float32Array.from({ length: size }, (_, n) => {
    const sums = weights.map(() => 0);
    for (let i = n * each; i < (n + 1) * each; i += C) {
      for (let c = 0; c < weights.length; c++) sums[c] += images[i + c];
    }
    return sums.reduce((grey, sum, c) => grey + weights[c] * sum, 0) * C / each;
  });
}
