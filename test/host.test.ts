// What a training step costs the host: time, on an adapter that takes none itself (Dawn's null backend), and memory that is not given back.
// CONVOY_HOST=1 npx vitest run test/host.test.ts --disable-console-intercept   prints both, and the time on CONVOY_ADAPTER.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { create } from "webgpu";
import { families } from "../models/families.js";
import { dataset } from "../src/data/dataset.js";
import { fromAdapter, type Device } from "../src/gpu/device.js";
import { flatten, linear, sequential, sgd, train } from "../src/index.js";
import { Session } from "../src/train/session.js";
import { openTestDevice } from "./support.js";

const tell = (text: string) => { if (process.env.CONVOY_HOST) console.log(text); };
const data = (n: number, side: number) => dataset({ images: new Uint8Array(n * side * side).map((_, i) => Math.imul(i, 0x9e3779b1) >>> 24), labels: new Uint8Array(n).map((_, i) => i % 10), shape: [1, side, side], classes: [..."0123456789"] });
const nobody = create(["backend=null"]);  // kept for good: once it is collected, its devices crash the process
const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];

/** Microseconds of the host a dispatch: medians over steps that follow each other, eight to a wait, and over steps each waited for. */
async function host(device: Device, family: "lenet" | "resnet18", side: number, width: number) {
  const batch = 4, order = new Uint32Array(batch);
  const session = await Session.open(families[family]({ width }), { device, input: [1, side, side], batches: [batch], data: data(16, side), optimizer: sgd({ lr: 1e-3 }) });
  const took = async (steps: number, each: number) => {
    const times: number[] = [];
    for (let i = 1; i <= steps; i++) {
      const began = performance.now();
      void session.step(order);
      times.push(1000 * (performance.now() - began));
      if (i % each === 0) await device.until(device.gpu.queue.onSubmittedWorkDone());
    }
    return median(times) / session.programs[0].steps.length;
  };
  await took(32, 8);
  const result = [await took(96, 8), await took(48, 1)].map((time) => Number(time.toFixed(2)));
  session.destroy();
  return result;
}

test("a step costs the host at most 6 µs a dispatch", async () => {
  const device = await fromAdapter((await nobody.requestAdapter())!);
  for (const [family, side, width] of [["lenet", 28, 1], ["resnet18", 32, 0.125]] as const) {
    const [time] = await host(device, family, side, width);
    tell(`${family}: ${time} µs a dispatch without a GPU`);
    expect(time, family).toBeLessThan(6);
    if (!process.env.CONVOY_HOST) continue;
    const [fast, slow] = await host(await openTestDevice(), family, side, width);
    tell(`${family}: ${fast} µs in steps that follow each other, ${slow} where each is waited for`);
  }
  device.destroy();
});

test("1,000 steps, each waited for and read, leave nothing on the heap", async () => {
  for (const flag of ["--expose-gc", "--no-opt", "--no-sparkplug", "--no-flush-bytecode"]) setFlagsFromString(flag);  // code that V8 makes or drops meanwhile is on the heap, too
  const collect = runInNewContext("gc") as () => void, turn = () => new Promise(setImmediate);
  const run = await train(sequential(flatten(), linear({ units: 10 })), { device: await openTestDevice(), data: data(64, 4), batch: 2, epochs: 100, optimizer: sgd({ lr: 1e-3 }) });
  const heapAfter = async (steps: number) => {
    for (let i = 0; i < steps; i++) { await run.step(); await turn(); }  // by then the run stands still
    for (let i = 0; i < 3; i++) { collect(); await turn(); }             // what Dawn wraps goes in turns of the loop
    return process.memoryUsage().heapUsed;
  };
  run.pause();
  const loop = run.finish(), before = await heapAfter(400), grown = (await heapAfter(1000) - before) / 1000;
  run.stop();
  await loop;
  tell(`${grown.toFixed(1)} bytes of heap a step`);
  expect(run.session.steps).toBe(1400);
  expect(grown).toBeLessThan(25);
  run.destroy();
});
