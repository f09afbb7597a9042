// What a run says when it goes on otherwise than it began: restored under other options, after a bad step, or asked
// for several things while another of them ends.
import { afterEach, expect, test, vi } from "vitest";
import { flatten, linear, sequential, sgd, train, type Run, type TrainOptions } from "../src/index.js";
import { noise } from "./noise.js";
import { openTestDevice } from "./support.js";

const toy = (n: number) => noise(n, [1, 4, 4], 3, 1);
const runs: Run[] = [];
async function open(options: Partial<TrainOptions> = {}): Promise<Run> {
  const run = await train(sequential(flatten(), linear({ units: 3 })), {
    device: await openTestDevice(), data: toy(24), batch: 8, seed: 1, epochs: 5, optimizer: sgd({ lr: 0.02 }),
    ...options,
  });
  runs.push(run);
  return run;
}
afterEach(() => { for (const run of runs.splice(0)) run.destroy(); });

/** The file of a run of so many epochs. */
async function saved(options: Partial<TrainOptions>) {
  const run = await open(options);
  await run.finish();
  return { file: await run.save(), best: await run.best(), history: run.history };
}

test("a best epoch stays what it was, under whatever options it is restored", async () => {
  const earlier = await saved({ epochs: 4, earlyStopping: { patience: 50, minDelta: 10 } });
  expect(earlier.best).toMatchObject({ epoch: 1, loss: earlier.history[0] });  // others are not lower by 10
  const kept = await open({ epochs: 4, keepBest: true }), none = await open();
  kept.restore(earlier.file);
  expect(await kept.best()).toEqual(earlier.best);
  none.restore(earlier.file);
  await none.finish();
  expect(await none.best()).toBeUndefined();
});

test("where a file has no best epoch, it is looked for from there on, and put back", async () => {
  const { file } = await saved({ epochs: 2 });
  const run = await open({ earlyStopping: { patience: 1 }, optimizer: sgd({ lr: 50 }) }), better: boolean[] = [];
  run.restore(file);
  for await (const { epochEnd, best } of run) if (epochEnd) better.push(best);
  const best = (await run.best())!;
  expect(better[0]).toBe(true);
  expect(best.epoch).toBe(run.history.indexOf(Math.min(...run.history.slice(2))) + 1);
  expect(await run.weights()).toEqual(best.weights);
});

test.each([3, 4, 5])("a loss that is no number is told once, and with good weights all goes on: %i", async (bad) => {
  let spoilt = false;
  const schedule = ({ step }: { step: number }) => step === bad - 1 && !spoilt ? 1e45 : 1;
  const run = await open({ schedule }), good = await run.weights();
  await expect(run.finish()).rejects.toThrow("is NaN or infinite");
  spoilt = true;
  run.load(good);
  const ends: number[] = [];
  for await (const { epochEnd, epoch, loss } of run) if (epochEnd) ends.push(epoch, loss);
  expect(run.history).toHaveLength(5);
  expect(run.history.every(Number.isFinite)).toBe(true);
  expect(ends.slice(-2)).toEqual([5, run.history[4]]);
});

test("a run that is stopped tells of all its steps, and of its speed in epochs of a step", async () => {
  const run = await open({ epochs: 3 }), losses: number[] = [];
  for await (const progress of run) {
    losses.push(...progress.losses);
    if (progress.epoch === 2) run.stop();
  }
  expect(losses).toHaveLength(run.session.steps);
  const short = await open({ batch: 24, epochs: 4 }), last = (await short.finish())!;
  expect(last.imagesPerSecond).toBeGreaterThan(0);
  expect(last.secondsLeft).toBe(0);
});

test("a stop after the first step tells of it", async () => {
  const run = await open({ onProgress: undefined }), told: number[] = [];
  const { session } = run, step = session.step.bind(session);
  vi.spyOn(session, "step").mockImplementation((...args) => { run.stop(); return step(...args); });
  for await (const { losses } of run) told.push(...losses);
  expect([run.session.steps, told.length]).toEqual([1, 1]);
});

test("a step asked of a run that is destroyed is no longer waited for", async () => {
  const run = await open(), before = run.step();
  run.destroy();
  await before;
  await run.step();
});

test("steps asked for beyond the last are no longer waited for", async () => {
  const run = await open({ epochs: 1 });
  run.pause();
  const all = run.finish();
  await Promise.all([1, 2, 3, 4, 5].map(() => run.step()));
  await all;
  expect(run.session.steps).toBe(3);
});

/** WebGPU's answers to error scopes come late, as in a browser, where they come from another process. */
async function slowly(): Promise<void> {
  const { gpu } = await openTestDevice(), pop = gpu.popErrorScope.bind(gpu);
  vi.spyOn(gpu, "popErrorScope").mockImplementation(async () => {
    const error = await pop();
    await new Promise((resolve) => setTimeout(resolve, 12));
    return error;
  });
}

test.each<[string, (run: Run) => Promise<unknown>]>([
  ["a prediction", (run) => run.predict(toy(1).images)],
  ["activations", (run) => run.activations(toy(1).images)],
  ["another evaluation", (run) => run.evaluate(toy(24))],
])("an evaluation that ends while %s begins takes none of its memory away", async (_, ask) => {
  const run = await open(), other = await open();
  const want = [await ask(other), await other.evaluate(toy(29)), await other.predict(toy(1).images)];
  const before = run.session.plan, ends = run.evaluate(toy(29));
  while (run.session.plan === before) await new Promise(setImmediate);
  await slowly();
  const got = await ask(run);
  await ends;
  vi.restoreAllMocks();
  expect([got, await run.evaluate(toy(29)), await run.predict(toy(1).images)]).toEqual(want);
});

test("data sets that are evaluated at the same time leave no memory behind", async () => {
  const run = await open();
  await run.evaluate(toy(29));
  const { bytes } = run.session.memory;
  for (let i = 0; i < 3; i++) await Promise.all([run.evaluate(toy(29)), run.evaluate(toy(40)), run.evaluate(toy(35))]);
  expect(run.session.memory.bytes).toBe(bytes);
});
