// The best epoch's weights, and callbacks: what a run keeps, whom it tells, and that it waits for them.
import { describe, expect, test } from "vitest";
import { dataset } from "../src/data/dataset.js";
import {
  adam, batchNorm, flatten, linear, readSafetensors, sequential, sgd, stateDict, train, zeros,
  type Progress, type Run, type TrainOptions,
} from "../src/index.js";
import { sinceBest } from "../src/train/earlyStopping.js";
import { openTestDevice } from "./support.js";

/**
 * Bright on the left or on the right. With the test's labels the other way round, what is learned makes the test
 * worse.
 */
const halves = (flip: number) => dataset({
  shape: [1, 4, 4], classes: ["a", "b"],
  labels: Uint8Array.from({ length: 20 }, (_, i) => (i & 1) ^ flip),
  images: Uint8Array.from({ length: 320 }, (_, i) => ((i >> 1) & 1) === ((i >> 4) & 1) ? 255 : 0),
});
const worse = { train: halves(0), test: halves(1), name: "", source: "" };
const net = sequential(flatten(), linear({ units: 2 }));
const open = async (options: Partial<TrainOptions> = {}): Promise<Run> => train(net, {
  device: await openTestDevice(), data: worse, batch: 5, epochs: 4, optimizer: sgd({ lr: 0.1 }), init: zeros,
  ...options,
});

describe("the best epoch", () => {
  test("is kept, and saved as weights alone; the run itself goes on to its last", async () => {
    const run = await open({ keepBest: true }), first = await open({ epochs: 1 }), plain = await open();
    expect(await run.best()).toBeUndefined();
    await expect(run.save({ best: true })).rejects
      .toThrow("no epoch's weights are kept; train with keepBest: true, to the end of an epoch at least");
    for (const r of [run, first, plain]) await r.finish();
    const best = (await run.best())!;
    expect([best.epoch, best.loss]).toEqual([1, Math.min(...run.history)]);
    expect(best.weights).toEqual(await first.weights());
    expect(await run.weights()).toEqual(await plain.weights());
    expect(await plain.best()).toBeUndefined();
    const file = await run.save({ best: true });
    expect(stateDict(file)).toEqual(best.weights);
    expect([...readSafetensors(file).tensors.keys()]).toEqual(["1.weight", "1.bias"]);
    expect(Object.fromEntries(readSafetensors(file).metadata))
      .toEqual({ format: "pt", producer: "convoy-gpu", epoch: "1", seed: "0", loss: `${best.loss}` });
    for (const r of [run, first, plain]) r.destroy();
  });

  test("moves on when a later one is better, and survives a checkpoint", async () => {
    const options = { keepBest: true, data: halves(0), optimizer: adam({ lr: 0.01 }), epochs: 3 };
    const run = await open(options), seen: number[] = [];
    for await (const e of run) if (e.epochEnd) seen.push((await run.best())!.epoch);
    expect(seen).toEqual([1, 2, 3]);
    const again = await open({ ...options, epochs: 4 });
    again.restore(await run.save());
    expect(await again.best()).toEqual(await run.best());
    expect((await run.best())!.weights).toEqual(await run.weights());
    for (const r of [run, again]) r.destroy();
  });

  test("is the one that early stopping puts back, with keepBest or without", async () => {
    const early = await open({ earlyStopping: { patience: 2 }, keepBest: false });
    await early.finish();
    expect(early.history).toHaveLength(3);
    expect((await early.best())!.epoch).toBe(1);
    expect(await early.weights()).toEqual((await early.best())!.weights);
    const kept = await open({ earlyStopping: { patience: 2, restoreBest: false }, keepBest: true });
    await kept.finish();
    expect((await kept.best())!.weights).toEqual(await early.weights());
    expect(await kept.weights()).not.toEqual(await early.weights());
    for (const r of [early, kept]) r.destroy();
  });

  test("counts the batches of its batch normalisation", async () => {
    const run = await train(sequential(flatten(), batchNorm(), linear({ units: 2 })), {
      device: await openTestDevice(), data: worse, batch: 5, epochs: 3, optimizer: sgd({ lr: 0.5 }), init: zeros,
      keepBest: true,
    });
    await run.finish();
    const { epoch } = (await run.best())!;
    expect(readSafetensors(await run.save({ best: true })).tensors.get("1.num_batches_tracked")!.data)
      .toEqual(BigInt64Array.of(BigInt(4 * epoch)));
    run.destroy();
  });
});

describe("callbacks", () => {
  test("get every progress before the loop does, and the training waits for them", async () => {
    const told: [string, number][] = [], seen: Progress[] = [];
    const later = () => new Promise((resolve) => setTimeout(resolve, 20));
    const run = await open({
      epochs: 3, onProgress: (e) => { told.push(["progress", e.epoch]); },
      onEpochEnd: async (e, of) => {
        const { steps } = of.session;
        await later();
        expect(of.session.steps).toBe(steps);
        told.push(["end", e.epoch]);
      },
    });
    for await (const e of run) { seen.push(e); told.push(["loop", e.epoch]); }
    expect(told.filter(([what]) => what === "progress")).toHaveLength(seen.length);
    expect(told.filter(([what]) => what === "end")).toEqual([["end", 1], ["end", 2], ["end", 3]]);
    expect(told.slice(-3)).toEqual([["progress", 3], ["end", 3], ["loop", 3]]);
    run.destroy();
  });

  test("may stop the run, save it, and fail", async () => {
    const files: Uint8Array[] = [];
    const run = await open({
      data: halves(0),
      onEpochEnd: async (e, of) => {
        if (e.best) files.push(await of.save());
        if (e.epoch === 2) of.stop();
      },
    });
    expect(await run.finish()).toMatchObject({ epoch: 2, epochEnd: true });
    expect(files).toHaveLength(2);
    expect(await run.save()).toEqual(files[1]);
    const failing = await open({ onProgress: () => { throw new RangeError("no"); } });
    await expect(failing.finish()).rejects.toThrow("no");
    for (const r of [run, failing]) r.destroy();
  });

  test("a run that is at its end finishes without a progress", async () => {
    const run = await open({ epochs: 1 });
    expect(await run.finish()).toMatchObject({ epoch: 1, epochEnd: true });
    expect(await run.finish()).toBeUndefined();
    run.destroy();
  });
});

test("as good as the best is not better; a loss that is no number never is", () => {
  expect([[2, 1], [2, 1, 1], [2, 1, 0.5], [NaN], [1, NaN, NaN]].map((h) => sinceBest(h))).toEqual([0, 1, 0, 1, 2]);
  expect([[1, 0.9], [1, 0.75], [1, 0.75, 0.5]].map((h) => sinceBest(h, 0.25))).toEqual([1, 1, 0]);
});
