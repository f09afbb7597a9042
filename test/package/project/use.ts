// Every entry of the package, as a TypeScript project sees it. Compiled by three compilers, never run.
import {
  openDevice, sequential, sgd, train, type Dataset, type Device, type Progress, type Run, type Split,
} from "convoy-gpu";
import { cases, roofline, type BenchRow } from "convoy-gpu/bench";
import { check, checkRaces, type Report } from "convoy-gpu/check";
import { dataset, fashionMnist, subset } from "convoy-gpu/data";
import { families, lenet, type LenetOptions } from "convoy-gpu/models";
import { openDevice as openInNode, saveFile } from "convoy-gpu/node";
import { defineLayer, elementwise, kernel } from "convoy-gpu/wgsl";

const options: LenetOptions = { activation: "relu" }, device: Device = await openDevice(), gpu: GPUDevice = device.gpu;
const data: Split = await fashionMnist({ url: "/fashion-mnist/" });
const run: Run = await train(sequential(lenet(options)), {
  device, data, batch: 64, epochs: 1, optimizer: sgd({ lr: 0.1 }),
});
for await (const progress of run) {
  const { step, loss }: Progress = progress;
  console.log(step, loss.toFixed(3));
}
gpu.destroy();
const few: Dataset = subset(data.train, 640), on = { device, epochs: 1 };
await train(lenet(), { ...on, data: { train: few } });
await train(lenet(), { ...on, data: { train: few, test: subset(data.test, 200) } });
export const report = (): Promise<Report> =>
  checkRaces(elementwise({ name: "twice", forward: "2 * x", backward: "2 * dy" }), [[1, 4]]);
export const rest: unknown[] = [
  cases, check, roofline, dataset, families, openInNode, saveFile, defineLayer, elementwise, kernel, [] as BenchRow[],
];

// @ts-expect-error -- a number where a string belongs: the types are there, and none of them is any
lenet({ activation: 1 });
// @ts-expect-error
sgd({ lr: "0.1" });
