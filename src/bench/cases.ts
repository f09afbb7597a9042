import { Graph, through, type Parameter, type Part } from "../graph.js";
import { tensor, type Recorder, type Shape, type Tensor } from "../gpu/recorder.js";
import { relu, sigmoid } from "../layers/activation.js";
import { adaptiveAvgPool2d } from "../layers/adaptiveAvgPool2d.js";
import { add } from "../layers/add.js";
import { avgPool2d } from "../layers/avgPool2d.js";
import { batchNorm } from "../layers/batchNorm.js";
import { concat } from "../layers/concat.js";
import { conv2d, type Conv2dOptions } from "../layers/conv2d.js";
import { depthwiseConv2d } from "../layers/depthwiseConv2d.js";
import { dropout } from "../layers/dropout.js";
import { linear } from "../layers/linear.js";
import { localResponseNorm } from "../layers/localResponseNorm.js";
import { maxPool2d } from "../layers/maxPool2d.js";
import { crossEntropy } from "../losses/crossEntropy.js";
import { adam } from "../optimizers/adam.js";
import type { Optimizer } from "../optimizers/optimizer.js";
import { rmsprop } from "../optimizers/rmsprop.js";
import { sgd } from "../optimizers/sgd.js";

/** An operator at a shape: what can be timed. */
export interface Case {
  readonly operator: string;
  readonly shape: string;
  /** Records it, forward and backward if it has both. */
  record(rec: Recorder): Recorded;
}

type Content = "numbers" | "positive" | "labels" | "zeros";
/** `given`: tensors that come from outside, with what they hold. `made`: results that two rungs must agree on. */
export interface Recorded {
  readonly given: ReadonlyMap<Tensor, Content>;
  readonly made: readonly Tensor[];
}

/** A layer, or a function of one value, on [N, H, W, C] or [N, C]. */
export function layer(operator: string, shape: string, x: Shape, net: Part): Case {
  return { operator, shape, record(rec) {
    const params = new Map<string, Parameter>(), graph = new Graph(params), input = graph.input("x", x, true);
    const clock = tensor("clock", [4]), mode = { training: true, clock };
    const y = through(net, input), dy = tensor("dy", y.shape);
    graph.forward(rec, mode);
    graph.grads.set(y, dy);
    graph.backward(rec, mode);
    const given = new Map<Tensor, Content>([[input, "numbers"], [dy, "numbers"], [clock, "zeros"]]);
    for (const [name, { tensor: t }] of params) given.set(t, name.endsWith("running_var") ? "positive" : "numbers");
    return { given, made: [y, ...[...graph.grads].filter(([t]) => t !== y).map(([, d]) => d)] };
  } };
}

/** A convolution of a square image, and its gradients: a case like those of the list. */
export const conv = (
  shape: string, [N, H, C]: readonly [batch: number, size: number, channels: number], filters: number, kernel: number,
  rest: Partial<Conv2dOptions> = {},
): Case => {
  const { groups, ...others } = rest, depthwise = groups === C && filters === C;
  const strided = rest.stride ? ` /${String(rest.stride)}` : "", cut = groups && !depthwise ? ` in ${groups}` : "";
  return layer(
    depthwise ? "depthwiseConv2d" : "conv2d",
    `${shape}: ${kernel}×${kernel} ${C}→${filters}${strided}${cut}, ${H}×${H}, batch ${N}`,
    [N, H, H, C],
    depthwise ? depthwiseConv2d({ kernel, ...others }) : conv2d({ filters, kernel, ...rest }),
  );
};

const dense = (shape: string, N: number, C: number, units: number): Case =>
  layer("linear", `${shape}: ${C}→${units}, batch ${N}`, [N, C], linear({ units }));

const on = (
  operator: string, shape: string, [N, H, C]: readonly [batch: number, size: number, channels: number], net: Part,
): Case => layer(operator, `${shape}${shape && ": "}${H}×${H}×${C}, batch ${N}`, [N, H, H, C], net);

function optimizer(value: Optimizer, size: number, how = ""): Case {
  return { operator: value.name, shape: `${size.toLocaleString("en")} parameters${how}`, record(rec) {
    const [param, dparam, clock] = [tensor("param", [size]), tensor("d param", [size]), tensor("clock", [4])];
    const states = Object.fromEntries(value.states.map((name) => [name, tensor(name, [size])]));
    value.record(rec, { param, dparam, clock, ...states });
    const given = new Map<Tensor, Content>([[param, "numbers"], [dparam, "numbers"], [clock, "zeros"]]);
    for (const t of Object.values(states)) given.set(t, "zeros");
    return { given, made: [] };
  } };
}

function loss(N: number, K: number): Case {
  return { operator: "crossEntropy", shape: `${K} classes, batch ${N}`, record(rec) {
    const t = {
      x: tensor("x", [N, K]), labels: tensor("labels", [N]),
      probs: tensor("probs", [N, K]), rows: tensor("rows", [N, 2]), dx: tensor("d x", [N, K]),
    };
    crossEntropy().record(rec, t, N);
    return { given: new Map([[t.x, "numbers"], [t.labels, "labels"]]), made: [t.probs, t.dx] };
  } };
}

/** Whether a text stands in a shape's at the start of a word: "LeNet" is not in "GoogLeNet", "3x3" is in "3×3". */
export function hasText(shape: string, text: string): boolean {
  const plain = (s: string) => s.toLowerCase().replace(/(?<=\d)x(?=\d|$)/g, "×");
  const whole = plain(shape), part = plain(text), inWord = (letter = "") => /[\p{L}\p{N}]/u.test(letter);
  for (let at = whole.indexOf(part); at >= 0; at = whole.indexOf(part, at + 1))
    if (!part || !inWord(part[0]) || !inWord(whole[at - 1])) return true;
  return false;
}

/** Every operator at the shapes that networks give it, and at those that goals are set for. */
export const cases: readonly Case[] = [
  conv("LeNet 1", [64, 28, 1], 6, 5, { padding: 2 }),
  conv("LeNet 2", [64, 14, 6], 16, 5),
  conv("3×3", [16, 32, 64], 64, 3, { padding: 1 }),
  conv("1×1", [16, 16, 256], 256, 1),
  conv("first, colour", [16, 32, 3], 64, 3, { padding: 1 }),
  conv("VGG", [8, 14, 256], 256, 3, { padding: 1 }),
  conv("ResNet first", [8, 96, 1], 64, 7, { padding: 3, stride: 2 }),
  conv("ResNet down", [16, 24, 64], 128, 3, { padding: 1, stride: 2 }),
  conv("ResNet shortcut", [16, 24, 64], 128, 1, { stride: 2 }),
  conv("AlexNet 1", [4, 224, 1], 96, 11, { padding: 1, stride: 4 }),
  conv("AlexNet 2", [4, 26, 96], 256, 5, { padding: 2 }),
  conv("GoogLeNet", [32, 12, 16], 32, 5, { padding: 2 }),
  conv("DenseNet", [16, 24, 128], 32, 3, { padding: 1 }),
  conv("MobileNet", [16, 16, 128], 128, 3, { padding: 1, groups: 128 }),
  conv("MobileNet down", [16, 32, 64], 64, 3, { padding: 1, stride: 2, groups: 64 }),
  dense("LeNet 1", 64, 400, 120), dense("LeNet 3", 64, 84, 10), dense("VGG", 64, 2048, 512),
  on("maxPool2d", "2×2", [16, 32, 64], maxPool2d({ kernel: 2 })),
  on("maxPool2d", "3×3 /2", [16, 48, 64], maxPool2d({ kernel: 3, stride: 2, padding: 1 })),
  on("maxPool2d", "2×2", [64, 28, 6], maxPool2d({ kernel: 2 })),
  on("maxPool2d", "3×3 /1", [16, 12, 256], maxPool2d({ kernel: 3, stride: 1, padding: 1 })),
  on("avgPool2d", "2×2", [16, 32, 64], avgPool2d({ kernel: 2 })),
  on("avgPool2d", "2×2", [64, 28, 6], avgPool2d({ kernel: 2 })),
  on("adaptiveAvgPool2d", "1×1", [64, 8, 512], adaptiveAvgPool2d()),
  on("batchNorm", "", [16, 32, 64], batchNorm()), on("batchNorm", "", [64, 32, 16], batchNorm()),
  on("batchNorm", "", [64, 24, 6], batchNorm()), on("batchNorm", "", [64, 3, 512], batchNorm()),
  on("localResponseNorm", "", [4, 26, 96], localResponseNorm({ size: 5 })),
  on("relu", "", [16, 32, 64], relu()), on("sigmoid", "", [16, 32, 64], sigmoid()),
  on("dropout", "", [16, 32, 64], dropout()),
  on("add", "", [16, 32, 64], (x) => add(x, x)), on("concat", "", [16, 32, 64], (x) => concat(x, x)),
  loss(64, 10), loss(64, 1000),
  optimizer(sgd({ lr: 0 }), 2 ** 21), optimizer(sgd({ lr: 0, momentum: 0.9 }), 2 ** 21, " with momentum"),
  optimizer(adam({ lr: 0 }), 2 ** 21), optimizer(rmsprop({ lr: 0 }), 2 ** 21),
];
