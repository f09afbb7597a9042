// Each family, stopped at a random step in each of three runs, saved, restored into a new run,
// ends in the bits of a run that never stopped.
import { expect, test } from "vitest";
import { families, type FamilyOptions } from "../models/index.js";
import { sha256 } from "../src/data/idx.js";
import { adam, clipNorm, cosine, sgd, train, xavierUniform, type TrainOptions } from "../src/index.js";
import { random } from "../src/random.js";
import { noise } from "./noise.js";
import { saved } from "./runs.js";
import { openTestDevice } from "./support.js";

/** Tiny, but nothing is left out: dropout, batch norm, all blocks. `side` is the least that the windows allow. */
const all: readonly [family: string, side: number, options: FamilyOptions][] = [
  ["lenet", 28, {}], ["alexnet", 65, { width: 1 / 64 }], ["vgg11", 32, { width: 1 / 64 }],
  ["nin", 67, { width: 1 / 64 }], ["googlenet", 32, { width: 1 / 64 }], ["lenet-bn", 28, {}],
  ["resnet18", 32, { width: 1 / 64 }], ["densenet", 32, { width: 1 / 32 }],
];
/** SwiftShader compiles each family for seconds: there one runs that draws numbers, and one that keeps statistics. */
const software = (process.env.CONVOY_ADAPTER ?? "auto") !== "system";
const some = all.filter(([family]) => !software || ["nin", "resnet18"].includes(family));
const left = all.filter((one) => !some.includes(one)).map(([family]) => family);
const elsewhere = left.length ? ` (not here, but with CONVOY_ADAPTER=system: ${left.join(", ")})` : "";

const data = noise(22, [1, 16, 16]);

test.each(some)(`%s resumes to the bit, from three random steps${elsewhere}`, async (family, side, options) => {
  const draw = random(0xc0ffee, all.findIndex(([name]) => name === family)), device = await openTestDevice();
  const settings: Partial<TrainOptions> = family === "googlenet"
    ? { optimizer: adam({ lr: 1e-3 }), schedule: cosine() }
    : { optimizer: sgd({ lr: 0.02, momentum: 0.9, weightDecay: 1e-3 }), clip: clipNorm(5) };
  const open = () => train(families[family](options), {
    device, data, resize: side, batch: 8, epochs: 3, seed: 7, init: xavierUniform, keepBest: true, ...settings,
  });
  const whole = await open(), want = await sha256(await saved(whole)), total = 3 * whole.stepsPerEpoch;
  const stops = new Set<number>();
  while (stops.size < 3) stops.add(1 + Math.floor(draw() * (total - 1)));
  for (const at of stops) {
    const first = await open(), second = await open();
    second.restore(await saved(first, at));
    expect([first.session.steps, second.session.steps]).toEqual([at, at]);
    expect(await sha256(await saved(second)), `stopped after step ${at} of ${total}`).toBe(want);
  }
});
