import { describe, expect, test } from "vitest";
import { dataset } from "../src/data/dataset.js";
import {
  adam, constantRate, cosine, exponential, flatten, linear, oneCycle, OptionError, reduceOnPlateau, sequential, sgd,
  stepDecay, train, zeros, type Moment, type Progress, type Schedule, type TrainOptions,
} from "../src/index.js";
import { sinceBest } from "../src/train/earlyStopping.js";
import { noise } from "./noise.js";
import { openTestDevice } from "./support.js";

/** The factors of a run of `epochs` epochs of 4 steps. */
const factors = (schedule: Schedule, epochs: number, history: number[] = []) =>
  Array.from({ length: 4 * epochs }, (_, step) => {
    const epoch = Math.floor(step / 4), at = { step, steps: 4 * epochs, epoch, epochs, stepsPerEpoch: 4 };
    return schedule({ ...at, history: history.slice(0, epoch) } satisfies Moment);
  });
const close = (got: number[], want: number[]) => {
  want.forEach((w, i) => { expect(got[i], `step ${i}`).toBeCloseTo(w, 9); });
  expect(got).toHaveLength(want.length);
};
const each = (epochs: number[]) => epochs.flatMap((f) => [f, f, f, f]);

describe("schedules, against PyTorch's formulas", () => {
  test("constant, by steps, exponential", () => {
    close(factors(constantRate(), 2), each([1, 1]));
    close(factors(stepDecay({ every: 2 }), 5), each([1, 1, 0.1, 0.1, 0.01]));
    close(factors(exponential({ gamma: 0.9 }), 3), each([1, 0.9, 0.81]));
  });

  test("cosine, as CosineAnnealingLR's recurrence gives it", () => {
    const T = 12, minimum = 0.1, want = [1], share = (t: number) => 1 + Math.cos(Math.PI * t / T);
    for (let t = 1; t < T; t++) want.push(share(t) / share(t - 1) * (want[t - 1] - minimum) + minimum);
    close(factors(cosine({ minimum }), 3), want);
  });

  test("cosine after a warm-up in steps, or as a share of all", () => {
    const want = [1 / 3, 2 / 3, 1, ...Array.from({ length: 9 }, (_, t) => (1 + Math.cos(Math.PI * t / 9)) / 2)];
    for (const warmup of [3, 2.6, 0.25, 0.22]) close(factors(cosine({ warmup }), 3), want);
    expect(factors(cosine({ warmup: 1 }), 1).slice(0, 2)).toEqual([1, 1]);  // one step, not all of them
    close(factors(cosine({ warmup: 100 }), 1), [0.01, 0.02, 0.03, 0.04]);
  });

  test("one cycle, as OneCycleLR(max_lr=1, total_steps=20)", () => {
    const annealed = (a: number, b: number, t: number) => b + (a - b) / 2 * (Math.cos(Math.PI * t) + 1);
    const want = (i: number) => i <= 5 ? annealed(0.04, 1, i / 5) : annealed(1, 0.04 / 1e4, (i - 5) / 14);
    const got = factors(oneCycle(), 5);
    close(got, Array.from({ length: 20 }, (_, i) => want(i)));
    close([got[0], got[5], got[19]], [0.04, 1, 4e-6]);
    close(factors(oneCycle({ peak: 10, divFactor: 10, warmup: 0.25 }), 1).slice(0, 1), [10]);
    expect(factors(oneCycle(), 1).every(Number.isFinite)).toBe(true);
    const alone = { step: 0, steps: 1, epoch: 0, epochs: 1, stepsPerEpoch: 1, history: [] };
    expect(oneCycle({ peak: 3, warmup: 1, divFactor: 1 })(alone)).toBe(3);
  });

  test("reduced on a plateau, as ReduceLROnPlateau", () => {
    const losses = [1, 0.9, 0.91, 0.90001, 0.95, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6];
    const schedule = reduceOnPlateau({ factor: 0.5, patience: 1, minimum: 0.2 });
    let best = Infinity, bad = 0, rate = 1;
    const want = [1, ...losses.map((loss) => {  // its step()
      if (loss < best * (1 - 1e-4)) { best = loss; bad = 0; } else bad++;
      if (bad > 1) { rate = Math.max(rate * 0.5, 0.2); bad = 0; }
      return rate;
    })];
    close(factors(schedule, 13, losses), each(want));
    expect(want).toEqual([1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.2, 0.2, 0.2]);
    const still = Array<number>(13).fill(1);  // the first is the best so far, and ten more are put up with
    close(factors(reduceOnPlateau(), 13, still), each([...still.with(12, 0.1)]));
    close(factors(reduceOnPlateau({ patience: 0, threshold: 0 }), 3, still), each([1, 1, 0.1]));
  });

  test("options out of range are refused", () => {
    for (const bad of [
      () => stepDecay({ every: 0 }), () => stepDecay({ every: 1.5 }), () => exponential({ gamma: -1 }),
      () => stepDecay({ every: 1, gamma: -1 }), () => oneCycle({ peak: -1 }),
      () => cosine({ warmup: -1 }), () => cosine({ minimum: NaN }), () => oneCycle({ warmup: 2 }),
      () => oneCycle({ divFactor: 0 }), () => reduceOnPlateau({ factor: 2 }), () => reduceOnPlateau({ patience: -1 }),
      () => constantRate(NaN),
    ]) expect(bad, String(bad)).toThrow(OptionError);
  });
});

const net = sequential(flatten(), linear({ units: 2 }));
async function trained(options: Partial<TrainOptions>, f?: (e: Progress) => void) {
  const device = await openTestDevice(), data = noise(20, [1, 4, 4], 2), seen: Progress[] = [];
  const run = await train(net, { device, data, batch: 5, ...options });
  for await (const e of run) { seen.push(e); f?.(e); }
  const state = new Map([...await run.weights()].map(([name, { data }]) => [name, [...data]]));
  run.destroy();
  return { run, seen, state, ends: seen.filter((e) => e.epochEnd) };
}

describe("a run", () => {
  test("follows its schedule and says its rate", async () => {
    const asked: Moment[] = [];
    const schedule = (at: Moment) => { asked.push({ ...at, history: [...at.history] }); return 1 / (1 + at.step); };
    const { ends, run } = await trained({ epochs: 3, optimizer: adam({ lr: 0.1 }), schedule });
    expect(asked.map((a) => [a.step, a.epoch])).toEqual(Array.from({ length: 12 }, (_, i) => [i, Math.floor(i / 4)]));
    const history = ends.slice(0, 2).map((e) => e.loss);
    expect(asked.at(-1)).toEqual({ step: 11, steps: 12, epoch: 2, epochs: 3, stepsPerEpoch: 4, history });
    expect(ends.map((e) => e.lr)).toEqual([0.1 / 4, 0.1 / 8, 0.1 / 12]);
    expect(run.history).toEqual(ends.map((e) => e.loss));
    await expect(trained({ epochs: 1, schedule: () => NaN })).rejects.toThrow(OptionError);
  });

  test("at a rate of 0 learns nothing, at half the rate what half the lr learns", async () => {
    const optimizer = sgd({ lr: 0.1 }), schedule: Schedule = ({ epoch }) => epoch ? 0 : 0.5;
    const once = await trained({ epochs: 1, optimizer, schedule });
    const same = await trained({ epochs: 2, optimizer, schedule });
    expect(same.state).toEqual(once.state);
    expect(same.state).not.toEqual((await trained({ epochs: 1, optimizer: sgd({ lr: 0.1 }) })).state);
    expect(once.state).toEqual((await trained({ epochs: 1, optimizer: sgd({ lr: 0.05 }) })).state);
  });

  /** Bright left or right. The test's labels are the other way round: what is learned makes the test worse. */
  const halves = (flip: number) => dataset({
    images: Uint8Array.from({ length: 320 }, (_, i) => ((i >> 1) & 1) === ((i >> 4) & 1) ? 255 : 0),
    labels: Uint8Array.from({ length: 20 }, (_, i) => (i & 1) ^ flip), shape: [1, 4, 4], classes: ["a", "b"],
  });
  const data = { train: halves(0), test: halves(1), name: "", source: "" };

  test("stops early, with the weights of its best epoch", async () => {
    const options = { data, optimizer: sgd({ lr: 0.1 }), init: zeros, epochs: 12 };
    const first = await trained({ ...options, epochs: 1 });
    const { ends, state } = await trained({ ...options, earlyStopping: { patience: 2 } });
    expect(ends.map((e) => e.best)).toEqual([true, false, false]);
    expect(state).toEqual(first.state);
    const last = await trained({ ...options, earlyStopping: { patience: 2, restoreBest: false } });
    expect(last.ends).toHaveLength(3);
    expect(last.state).toEqual((await trained({ ...options, epochs: 3 })).state);
    const whole = await trained({ ...options, epochs: 2, earlyStopping: { patience: 5 } });
    expect([whole.ends.length, whole.state]).toEqual([2, first.state]);
    for (const bad of [{ patience: 0 }, { patience: 1, minDelta: -1 }])
      await expect(trained({ ...options, earlyStopping: bad })).rejects.toThrow(OptionError);
  });

  test("counts epochs since the best loss", () => {
    expect([[], [1], [1, 0.9], [1, 0.9, 0.9, 0.95], [NaN, 1]].map((h) => sinceBest(h))).toEqual([0, 0, 0, 2, 0]);
    expect(sinceBest([1, 0.95, 0.91, 0.89], 0.1)).toBe(0);
    expect(sinceBest([1, 0.95, 0.91], 0.1)).toBe(2);
  });
});
