import { conv2d, dropout, flatten, linear, maxPool2d, relu, sequential, type Block } from "../src/index.js";
import { scaled, type CommonOptions } from "./options.js";

/** AlexNet: Krizhevsky, Sutskever and Hinton 2012, for one adapter instead of two. Made for 224 × 224; from 63 × 63 up all fits. */
export function alexnet({ classes = 10, width = 1, dropout: p = 0.5 }: CommonOptions = {}): Block {
  const w = scaled(width);
  return sequential(
    conv2d({ filters: w(96), kernel: 11, stride: 4, padding: 1 }), relu(), maxPool2d({ kernel: 3, stride: 2 }),
    conv2d({ filters: w(256), kernel: 5, padding: 2 }), relu(), maxPool2d({ kernel: 3, stride: 2 }),
    conv2d({ filters: w(384), kernel: 3, padding: 1 }), relu(),
    conv2d({ filters: w(384), kernel: 3, padding: 1 }), relu(),
    conv2d({ filters: w(256), kernel: 3, padding: 1 }), relu(), maxPool2d({ kernel: 3, stride: 2 }),
    flatten(),
    linear({ units: w(4096) }), relu(), dropout({ p }),
    linear({ units: w(4096) }), relu(), dropout({ p }),
    linear({ units: classes }),
  );
}
