// A family's training step as it is recorded for an adapter: what tests count, without a device.
import { families } from "../models/index.js";
import { tensor, type Step, type Target } from "../src/gpu/recorder.js";
import { crossEntropy } from "../src/losses/crossEntropy.js";
import { sgd } from "../src/optimizers/sgd.js";
import { memoryUse, plan } from "../src/plan.js";
import { control, RING } from "../src/train/control.js";
import { describe as network, outliving } from "../src/train/network.js";
import { training } from "../src/train/programs.js";

export const BATCH = 128, subgroups: Target = { lanes: 8, tasks: 32 }, none: Target = { gpu: true, tasks: 512 };

/** Width and height of a family's images. */
export const sizes: Readonly<Record<string, number>> = {
  "lenet": 28, "lenet-bn": 28, "alexnet": 224, "vgg11": 224, "nin": 224,
  "googlenet": 96, "resnet18": 96, "densenet": 96,
};

export function recorded(family: string, size: number, target: Target, batch = BATCH) {
  const net = network(families[family](), [1, size, size], 2 ** 32);
  const order = control(batch), ring = tensor("ring", [RING, 4]);
  const source = {
    shape: net.input, streamed: false,
    images: tensor("images", [1]), classes: tensor("labels", [1]), levels: tensor("levels", [1, 2]),
  };
  const states = net.learned.map(() => ({})), { steps } = training({
    network: net, batch, loss: crossEntropy(), control: order, ring, source, target, states,
    optimizer: sgd({ lr: 0.1 }),
  });
  const kept = outliving({ network: net, control: order, ring, states }, source);
  return { steps, use: memoryUse(steps, plan([steps], kept, 2 ** 33)) };
}

export const sum = (steps: readonly Step[], of: (step: Step) => number) =>
  steps.reduce((total, step) => total + of(step), 0);
