import {
  adaptiveAvgPool2d, add, avgPool2d, batchNorm, conv2d, dropout, flatten, linear, maxPool2d, relu, sequential, sgd,
} from "../../src/index.ts";
import { dataset } from "../../src/data/dataset.ts";
import { openDevice } from "../../src/node/device.ts";
import { Inference } from "../../src/train/inference.ts";
import { Session } from "../../src/train/session.ts";
import { batchOf, LR } from "./networks.mjs";

const kinds = {
  conv: ({ filters, kernel, padding, stride }) => conv2d({ filters, kernel, padding, stride }),
  linear: ({ units }) => linear({ units }),
  relu,
  bn: () => batchNorm(),
  flatten,
  dropout: () => dropout({ p: 0.5 }),
  avgPool: ({ kernel }) => avgPool2d({ kernel }),
  maxPool: ({ kernel }) => maxPool2d({ kernel }),
  mean: () => sequential(adaptiveAvgPool2d(), flatten()),
  block: ({ filters, stride }) => {
    const main = sequential(
      conv2d({ filters, kernel: 3, stride, padding: 1 }), batchNorm(), relu(),
      conv2d({ filters, kernel: 3, padding: 1 }), batchNorm(),
    );
    const body = (x) => add(main(x), x.shape.at(-1) === filters && stride === 1 ? x : conv2dOf(filters, stride)(x));
    return sequential(body, relu());
  },
};
const conv2dOf = (filters, stride) => sequential(sequential(conv2d({ filters, kernel: 1, stride })));

export async function open({ net, batch }) {
  const device = await openDevice(), { images, labels } = batchOf(net, batch);
  const order = Uint32Array.from({ length: batch }, (_, i) => i);
  const data = dataset({
    images: Uint8Array.from(images, (v) => v * 255), labels: Uint8Array.from(labels),
    shape: net.input, classes: [..."0123456789"],
  });
  const session = await Session.open(sequential(...net.layers.map((layer) => kinds[layer.op](layer))), {
    device, input: net.input, batches: [batch], data, optimizer: sgd({ lr: LR }), seed: 1,
  });
  let predictor;
  return {
    parameters: [...session.network.params.values()]
      .filter((p) => p.learned)
      .reduce((sum, p) => sum + p.tensor.size, 0),
    async train(n) {
      let rows;
      for (let i = 1; i <= n; i++) rows = session.step(order, LR, i === n);
      const row = (session.steps - 1) % 128, ring = await rows;
      return ring[4 * row] / batch;
    },
    async infer(n) {
      predictor ??= await Inference.open(session, batch);
      for (let i = 0; i < n; i++) predictor.player.play();
      await session.memory.read(predictor.program.logits);
    },
    close() { device.destroy(); },
  };
}
