import {
  conv2d, dropout, flatten, linear, localResponseNorm, maxPool2d, relu, sequential, type Block,
} from "../src/index.js";
import { scaled, type CommonOptions } from "./options.js";

/** What alexnet() takes. */
export interface AlexnetOptions extends CommonOptions {
  /**
   * The paper's local response normalisation after the first two activations, which the article leaves out.
   * Default false.
   */
  lrn?: boolean;
}

/**
 * AlexNet: Krizhevsky, Sutskever and Hinton 2012, for one adapter instead of two.
 * Made for 224 × 224; from 65 × 65 up all fits.
 */
export function alexnet({ classes = 10, width = 1, dropout: p = 0.5, lrn = false }: AlexnetOptions = {}): Block {
  const w = scaled(width), norm = lrn ? [localResponseNorm({ size: 5, alpha: 5e-4, beta: 0.75, k: 2 })] : [];
  return sequential(
    conv2d({ filters: w(96), kernel: 11, stride: 4, padding: 1 }), relu(), ...norm, maxPool2d({ kernel: 3, stride: 2 }),
    conv2d({ filters: w(256), kernel: 5, padding: 2 }), relu(), ...norm, maxPool2d({ kernel: 3, stride: 2 }),
    conv2d({ filters: w(384), kernel: 3, padding: 1 }), relu(),
    conv2d({ filters: w(384), kernel: 3, padding: 1 }), relu(),
    conv2d({ filters: w(256), kernel: 3, padding: 1 }), relu(), maxPool2d({ kernel: 3, stride: 2 }),
    flatten(),
    linear({ units: w(4096) }), relu(), dropout({ p }),
    linear({ units: w(4096) }), relu(), dropout({ p }),
    linear({ units: classes }),
  );
}
