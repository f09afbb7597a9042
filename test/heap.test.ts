// A training gives back what it takes from the host: whatever its steps make is garbage soon after.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { flatten, linear, sequential, sgd, train } from "../src/index.js";
import { noise } from "./noise.js";
import { openTestDevice } from "./support.js";

test("1,000 steps, each waited for and read, leave nothing on the heap", async () => {
  // code that V8 makes or drops meanwhile is on the heap, too
  for (const flag of ["--expose-gc", "--no-opt", "--no-sparkplug", "--no-flush-bytecode"]) setFlagsFromString(flag);
  const collect = runInNewContext("gc") as () => void, turn = () => new Promise(setImmediate);
  const run = await train(sequential(flatten(), linear({ units: 10 })), {
    device: await openTestDevice(), data: noise(64, [1, 4, 4]), batch: 2, epochs: 100, optimizer: sgd({ lr: 1e-3 }),
  });
  const heapAfter = async (steps: number) => {
    for (let i = 0; i < steps; i++) { await run.step(); await turn(); }  // by then the run stands still
    for (let i = 0; i < 3; i++) { collect(); await turn(); }             // what Dawn wraps goes in turns of the loop
    return process.memoryUsage().heapUsed;
  };
  run.pause();
  const loop = run.finish();
  const [start, middle, end] = [await heapAfter(400), await heapAfter(1000), await heapAfter(1000)];
  // what a step leaves is left in both thousands; what the runner makes now and then, in one
  const grown = Math.min(middle - start, end - middle) / 1000;
  run.stop();
  await loop;
  if (process.env.CONVOY_COUNTS) console.log(`${grown.toFixed(1)} bytes of heap a step`);
  expect(run.session.steps).toBe(2400);
  expect(grown).toBeLessThan(25);
  run.destroy();
});
