import {
  adaptiveAvgPool2d, avgPool2d, batchNorm, concat, conv2d, flatten, linear, maxPool2d, named, relu, sequential,
  type Block, type Value,
} from "../src/index.js";
import { scaled, type CommonOptions } from "./options.js";

/** Each convolution sees the block's input and all outputs before it. */
export const dense = (convolutions: number, growth: number): Block => named("net", (x) =>
  Array.from({ length: convolutions }, (_, i) => named(String(i), sequential(
    batchNorm(), relu(), conv2d({ filters: growth, kernel: 3, padding: 1 }),
  ))).reduce<Value>((seen, convolution) => concat(seen, convolution(seen)), x));

export const transition = (filters: number): Block =>
  sequential(batchNorm(), relu(), conv2d({ filters, kernel: 1 }), avgPool2d({ kernel: 2 }));

/** DenseNet: Huang et al. 2017, as in the article: four blocks of four convolutions, growth 32, no bottleneck. */
export function densenet({ classes = 10, width = 1 }: CommonOptions = {}): Block {
  const w = scaled(width), growth = w(32), parts: Block[] = [];
  let channels = w(64);
  for (let i = 0; i < 4; i++) {
    parts.push(dense(4, growth));
    channels += 4 * growth;
    if (i < 3) parts.push(transition(channels >>= 1));
  }
  return sequential(
    sequential(
      conv2d({ filters: w(64), kernel: 7, stride: 2, padding: 3 }), batchNorm(), relu(),
      maxPool2d({ kernel: 3, stride: 2, padding: 1 }),
    ),
    ...parts, batchNorm(), relu(), adaptiveAvgPool2d(), flatten(), linear({ units: classes }),
  );
}
