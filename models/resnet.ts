import {
  adaptiveAvgPool2d, add, batchNorm, conv2d, flatten, linear, maxPool2d, named, relu, sequential, type Block,
} from "../src/index.js";
import { scaled, type CommonOptions } from "./options.js";

/** Two 3 × 3 convolutions beside a shortcut, which is a 1 × 1 convolution where size or channels change. */
export const residual = (filters: number, stride: number, project: boolean): Block => (x) => {
  const first = named("relu", relu())(named("bn1", batchNorm())(
    named("conv1", conv2d({ filters, kernel: 3, stride, padding: 1 }))(x)));
  const y = named("bn2", batchNorm())(named("conv2", conv2d({ filters, kernel: 3, padding: 1 }))(first));
  return named("out", relu())(add(y, project ? named("conv3", conv2d({ filters, kernel: 1, stride }))(x) : x));
};

/** A stage: all but the first halve the image with their first block. */
const stage = (filters: number, blocks: number, first: boolean): Block =>
  sequential(...Array.from({ length: blocks }, (_, i) => residual(filters, i || first ? 1 : 2, !i && !first)));

const depths = { 18: [2, 2, 2, 2], 34: [3, 4, 6, 3] } as const;

/** ResNet: He et al. 2016. As in the article, convolutions keep their biases. */
export const resnet = (depth: keyof typeof depths) => ({ classes = 10, width = 1 }: CommonOptions = {}): Block => {
  const w = scaled(width);
  return sequential(
    sequential(
      conv2d({ filters: w(64), kernel: 7, stride: 2, padding: 3 }), batchNorm(), relu(),
      maxPool2d({ kernel: 3, stride: 2, padding: 1 }),
    ),
    ...depths[depth].map((blocks, i) => stage(w(64 << i), blocks, i === 0)),
    adaptiveAvgPool2d(), flatten(), linear({ units: classes }),
  );
};
