import { avgPool2d, batchNorm, conv2d, flatten, linear, sequential, sigmoid, type Block } from "../src/index.js";
import { scaled, type CommonOptions } from "./options.js";

/**
 * LeNet with batch normalisation before each activation (Ioffe and Szegedy 2015); its first convolution has no padding.
 * For 28 × 28.
 */
export function lenetBn({ classes = 10, width = 1 }: CommonOptions = {}): Block {
  const w = scaled(width);
  return sequential(
    conv2d({ filters: w(6), kernel: 5 }), batchNorm(), sigmoid(), avgPool2d({ kernel: 2 }),
    conv2d({ filters: w(16), kernel: 5 }), batchNorm(), sigmoid(), avgPool2d({ kernel: 2 }),
    flatten(),
    linear({ units: w(120) }), batchNorm(), sigmoid(),
    linear({ units: w(84) }), batchNorm(), sigmoid(),
    linear({ units: classes }),
  );
}
