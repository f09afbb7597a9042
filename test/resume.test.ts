// Each family, stopped at a random step in each of three runs, saved, restored into a new run,
// ends in the bits of a run that never stopped.
import { expect, test } from "vitest";
import { families, type FamilyOptions } from "../models/index.js";
import { dataset } from "../src/data/dataset.js";
import { sha256 } from "../src/data/idx.js";
import { adam, clipNorm, cosine, sgd, train, xavierUniform, type Run, type TrainOptions } from "../src/index.js";
import { random } from "../src/random.js";
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

const N = 22, data = dataset({
  images: Uint8Array.from({ length: 256 * N }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24),
  labels: Uint8Array.from({ length: N }, (_, i) => (i * 7) % 10), shape: [1, 16, 16], classes: [..."0123456789"],
});

test.each(some)(`%s resumes to the bit, from three random steps${elsewhere}`, async (family, side, options) => {
  const draw = random(0xc0ffee, all.findIndex(([name]) => name === family)), device = await openTestDevice();
  const settings: Partial<TrainOptions> = family === "googlenet"
    ? { optimizer: adam({ lr: 1e-3 }), schedule: cosine() }
    : { optimizer: sgd({ lr: 0.02, momentum: 0.9, weightDecay: 1e-3 }), clip: clipNorm(5) };
  const open = () => train(families[family](options), {
    device, data, resize: side, batch: 8, epochs: 3, seed: 7, init: xavierUniform, keepBest: true, ...settings,
  });
  const end = async (run: Run) => {
    await run.finish();
    const hash = await sha256(await run.save());
    run.destroy();
    return hash;
  };
  const whole = await open(), want = await end(whole), total = 3 * whole.stepsPerEpoch;
  const stops = new Set<number>();
  while (stops.size < 3) stops.add(1 + Math.floor(draw() * (total - 1)));
  for (const at of stops) {
    const first = await open();
    first.pause();
    const loop = first.finish();
    for (let i = 0; i < at; i++) await first.step();
    first.stop();
    await loop;
    expect(first.session.steps).toBe(at);
    const file = await first.save(), second = await open();
    first.destroy();
    second.restore(file);
    expect(await end(second), `stopped after step ${at} of ${total}`).toBe(want);
  }
});
