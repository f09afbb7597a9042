import { conv2d, dropout, flatten, linear, maxPool2d, relu, sequential, type Block } from "../src/index.js";
import { scaled, type CommonOptions } from "./options.js";

/** Of each block: how many convolutions, and of how many channels. */
export type ConvArch = readonly (readonly [convolutions: number, channels: number])[];

const depths = {
  11: [[1, 64], [1, 128], [2, 256], [2, 512], [2, 512]],
  13: [[2, 64], [2, 128], [2, 256], [2, 512], [2, 512]],
  16: [[2, 64], [2, 128], [3, 256], [3, 512], [3, 512]],
  19: [[2, 64], [2, 128], [4, 256], [4, 512], [4, 512]],
} as const satisfies Record<number, ConvArch>;

/** What the networks of vgg() take. */
export interface VggOptions extends CommonOptions {
  /** Blocks as the article lists them, instead of those of the depth; `width` then scales only the classifier. */
  convArch?: ConvArch;
}

const block = (convolutions: number, filters: number): Block => sequential(
  ...Array.from({ length: convolutions }, () => [conv2d({ filters, kernel: 3, padding: 1 }), relu()]).flat(),
  maxPool2d({ kernel: 2 }));

/**
 * VGG: Simonyan and Zisserman 2014. Blocks of 3 × 3 convolutions,
 * each block halving the image; its side is a multiple of 32.
 */
export const vgg = (depth: keyof typeof depths) => (
  { classes = 10, width = 1, dropout: p = 0.5, convArch }: VggOptions = {},
): Block => {
  const w = scaled(width), arch = convArch ?? depths[depth].map(([n, channels]) => [n, w(channels)] as const);
  return sequential(
    ...arch.map(([n, channels]) => block(n, channels)),
    flatten(),
    linear({ units: w(4096) }), relu(), dropout({ p }),
    linear({ units: w(4096) }), relu(), dropout({ p }),
    linear({ units: classes }),
  );
};
