// What may be done to images on their way into a network: the options, their checks, and the numbers that shaders take.
import { OptionError, ShapeError } from "../errors.js";
import type { Augmentation } from "./augment.js";

/** Per channel, or one for all: torchvision's Normalize(mean, std), (v − mean) / std with v from 0 to 1. */
export interface Normalise { readonly mean: number | readonly number[]; readonly std: number | readonly number[] }

/** How images come into a network: what train() and Session both take. */
export interface Preparation {
  /** In training, evaluation and prediction alike. Default: bytes / 255. */
  normalise?: Normalise;
  /** In training only: augmentation({ flip: true, … }). Default: images as they are. */
  augment?: Augmentation | undefined;
  /**
   * True: all images lie on the GPU, as bytes. False: they stream, each step uploads its batch, which gives the same
   * bits. Default: they lie there if the adapter can bind and hold them, else they stream.
   */
  resident?: boolean;
}

/** Factor and summand of each channel of values from 0 to `most`, [C, 2]. */
export function levelsOf(normalise: Normalise | undefined, C: number, most: number): Float32Array<ArrayBuffer> {
  const { mean, std } = normalise ?? { mean: 0, std: 1 };
  const [means, stds] = Object.entries({ mean, std }).map(([name, value]) => {
    const list = Symbol.iterator in Object(value) ? [...value as number[]] : Array<number>(C).fill(value as number);
    if (list.length !== C) throw new ShapeError(
      `normalise: ${name} has ${list.length} numbers, and the images have ${C} channels`,
      { [name]: value, channels: C },
    );
    for (const v of list) {
      if (!Number.isFinite(v) || (name === "std" && v <= 0)) throw new OptionError(
        `normalise: ${name} is ${name === "std" ? "above 0" : "a number"}, for values from 0 to 1, not ${v}`,
        { [name]: value },
      );
    }
    return list;
  });
  return Float32Array.from({ length: 2 * C }, (_, i) => i % 2
    ? -means[i >> 1] / stds[i >> 1]
    : 1 / most / stds[i >> 1]);
}
