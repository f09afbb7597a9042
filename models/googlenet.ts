import {
  adaptiveAvgPool2d, concat, conv2d, flatten, linear, maxPool2d, named, relu, sequential, type Block,
} from "../src/index.js";
import { scaled, type CommonOptions } from "./options.js";

/**
 * Four paths side by side: 1 × 1; 1 × 1 then 3 × 3; 1 × 1 then 5 × 5; pooling then 1 × 1.
 * Each convolution has a relu.
 */
function inception(c1: number, c2: readonly [number, number], c3: readonly [number, number], c4: number): Block {
  const conv = (name: string, filters: number, kernel = 1): Block => (x) => {
    const y = named(name, conv2d({ filters, kernel, padding: kernel >> 1 }))(x);
    return named(`${name}.relu`, relu())(y);
  };
  return (x) => concat(
    conv("p1_1", c1)(x),
    conv("p2_2", c2[1], 3)(conv("p2_1", c2[0])(x)),
    conv("p3_2", c3[1], 5)(conv("p3_1", c3[0])(x)),
    conv("p4_2", c4)(named("p4_1", maxPool2d({ kernel: 3, stride: 1, padding: 1 }))(x)),
  );
}

/** GoogLeNet: Szegedy et al. 2015, without auxiliary heads and local response normalisation. */
export function googlenet({ classes = 10, width = 1 }: CommonOptions = {}): Block {
  const w = scaled(width), pool = () => maxPool2d({ kernel: 3, stride: 2, padding: 1 });
  const block = (c1: number, a: number, b: number, c: number, d: number, c4: number) =>
    inception(w(c1), [w(a), w(b)], [w(c), w(d)], w(c4));
  return sequential(
    sequential(conv2d({ filters: w(64), kernel: 7, stride: 2, padding: 3 }), relu(), pool()),
    sequential(
      conv2d({ filters: w(64), kernel: 1 }), relu(),
      conv2d({ filters: w(192), kernel: 3, padding: 1 }), relu(), pool()),
    sequential(block(64, 96, 128, 16, 32, 32), block(128, 128, 192, 32, 96, 64), pool()),
    sequential(
      block(192, 96, 208, 16, 48, 64), block(160, 112, 224, 24, 64, 64), block(128, 128, 256, 24, 64, 64),
      block(112, 144, 288, 32, 64, 64), block(256, 160, 320, 32, 128, 128), pool()),
    sequential(block(256, 160, 320, 32, 128, 128), block(384, 192, 384, 48, 128, 128), adaptiveAvgPool2d(), flatten()),
    linear({ units: classes }),
  );
}
