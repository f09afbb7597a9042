import { adaptiveAvgPool2d, conv2d, dropout, flatten, maxPool2d, relu, sequential, type Block } from "../src/index.js";
import { scaled, type CommonOptions } from "./options.js";

/** A convolution, and two 1 × 1 convolutions that work as a small network at each pixel. */
const block = (filters: number, kernel: number, stride: number, padding: number): Block => sequential(
  conv2d({ filters, kernel, stride, padding }), relu(),
  conv2d({ filters, kernel: 1 }), relu(),
  conv2d({ filters, kernel: 1 }), relu());

/**
 * Network in network: Lin, Chen and Yan 2013. No linear layer: the last block has a channel for each class,
 * and their means are the answer. From 67 × 67 up.
 */
export function nin({ classes = 10, width = 1, dropout: p = 0.5 }: CommonOptions = {}): Block {
  const w = scaled(width);
  return sequential(
    block(w(96), 11, 4, 0), maxPool2d({ kernel: 3, stride: 2 }),
    block(w(256), 5, 1, 2), maxPool2d({ kernel: 3, stride: 2 }),
    block(w(384), 3, 1, 1), maxPool2d({ kernel: 3, stride: 2 }),
    dropout({ p }),
    block(classes, 3, 1, 1), adaptiveAvgPool2d(), flatten(),
  );
}
