// Trains LeNet in Deno, whose WebGPU is wgpu, as Firefox's is: npm run test:package runs it.
import { openDevice, sgd, train } from "convoy-gpu";
import { dataset, fashionMnist } from "convoy-gpu/data";
import { lenet } from "convoy-gpu/models";

const device = await openDevice(), { train: { images, labels, shape, classes } } = await fashionMnist();
const data = dataset({ images: images.subarray(0, 64 * 784), labels: labels.subarray(0, 64), shape, classes });
const optimizer = sgd({ lr: 0.05, momentum: 0.9 });
const run = await train(lenet({ activation: "relu" }), { device, data, batch: 16, epochs: 4, optimizer, seed: 1 });
for await (const { epochEnd, loss } of run) if (epochEnd) console.log(loss);
device.destroy();
