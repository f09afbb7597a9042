import { avgPool2d, conv2d, flatten, linear, relu, sequential, sigmoid, tanh, type Block } from "../src/index.js";
import { scaled, type CommonOptions } from "./options.js";

/** What lenet() takes. */
export interface LenetOptions extends Pick<CommonOptions, "classes" | "width"> {
  /**
   * After each convolution and hidden layer.
   * Default "sigmoid", as in the book d2l.ai; the 1998 network had a scaled tanh.
   */
  activation?: "sigmoid" | "relu" | "tanh";
}

/**
 * LeNet-5 for 28 × 28 images with one channel or more: LeCun et al. 1998, "Gradient-based learning applied to document
 * recognition", without its Gaussian output. Two convolutions with average pooling, three linear layers.
 */
export function lenet({ classes = 10, activation = "sigmoid", width = 1 }: LenetOptions = {}): Block {
  const f = { sigmoid, relu, tanh }[activation], w = scaled(width);
  return sequential(
    conv2d({ filters: w(6), kernel: 5, padding: 2 }), f(), avgPool2d({ kernel: 2 }),
    conv2d({ filters: w(16), kernel: 5 }), f(), avgPool2d({ kernel: 2 }),
    flatten(),
    linear({ units: w(120) }), f(),
    linear({ units: w(84) }), f(),
    linear({ units: classes }),
  );
}
