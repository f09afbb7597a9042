// What is recorded for a GPU, played on the adapter at hand.
import { expect, test } from "vitest";
import {
  batchNorm, concat, conv2d, dropout, flatten, fromDevice, linear, maxPool2d, named, relu, sequential, sgd, type Block,
  type Device,
} from "../src/index.js";
import { Session } from "../src/train/session.js";
import { noise } from "./noise.js";
import { openTestDevice } from "./support.js";

const data = noise(16, [1, 8, 8]), order = Uint32Array.from({ length: 16 }, (_, i) => i);

/** Two paths into one concatenation, and what came before with what is made of it. */
const paths: Block = (x) => {
  const path = (name: string) => named(name, sequential(conv2d({ filters: 16, kernel: 1 }), relu()));
  const y = concat(path("a")(x), path("b")(x));
  return concat(y, named("d", sequential(batchNorm(), relu(), conv2d({ filters: 16, kernel: 1 })))(y));
};
const net = sequential(
  conv2d({ filters: 16, kernel: 1 }), relu(), paths, maxPool2d({ kernel: 4 }), flatten(),
  linear({ units: 96 }), relu(), dropout(), linear({ units: 10 }));

async function trained(device: Device, fuse: boolean) {
  const options = { device, input: [1, 8, 8], batches: [16], data, optimizer: sgd({ lr: 0.1 }), seed: 1, fuse };
  const session = await Session.open(net, options);
  session.step(order);
  const weights = await session.weights(), entries = session.programs[0].steps.map(({ kernel }) => kernel.entry);
  session.destroy();
  return { weights, entries };
}

test("tiles take over activations, dropouts and concatenations, with the same bits; the weights are those of others",
  async () => {
    const device = await openTestDevice(), { vendor } = device.adapter;
    const gpu = fromDevice(device.gpu, { vendor, description: "a GPU" } as GPUAdapterInfo);
    const [fused, apart, here] = [await trained(gpu, true), await trained(gpu, false), await trained(device, true)];
    for (const entry of ["conv2d_tiled_forward", "conv2d_tiled_input_backward", "conv2d_tiled_weight_partial"])
      expect(fused.entries).toContain(entry);
    const gone = ["activation_forward", "dropout_forward", "concat_backward"];
    expect(apart.entries).toEqual(expect.arrayContaining(gone));
    expect(fused.entries.filter((entry) => gone.includes(entry))).toEqual([]);
    expect(fused.weights).toEqual(apart.weights);
    for (const [name, { data: got }] of fused.weights) {
      const want = here.weights.get(name)!.data;
      expect(Math.max(...got.map((v, i) => Math.abs(v - want[i]))), name).toBeLessThan(1e-5);
    }
  });
