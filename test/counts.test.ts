// What a training step takes, counted from its recording: no device, no clock. The limits are what is reached now, so
// that they can only fall.
import { expect, test } from "vitest";
import { bake } from "../src/gpu/kernel.js";
import type { Step } from "../src/gpu/recorder.js";
import { bytes, macs, passOf } from "../src/profile/cost.js";
import { executed } from "./executed.js";
import { BATCH, none, recorded, sizes, subgroups, sum } from "./recorded.js";

interface Counts {
  dispatches: number; pipelines: number;
  /** Multiply-adds that kernels execute ÷ those that are wanted: tiles hang over. */
  executed: number;
  /** Bytes bound ÷ bytes of the cost model. */
  moved: number;
  /** Slots ÷ the most bytes alive at once. */
  slots: number;
}
interface Case {
  /** Of an image: millions of multiply-adds, and megabytes that a step must move. */
  mmac: number; mb: number;
  now: Counts;
}

const cases = Object.entries<Case>({
  "lenet": { mmac: 1.13, mb: 0.163,
    now: { dispatches: 19, pipelines: 16, executed: 1.1, moved: 1.17, slots: 1.25 } },
  "lenet-bn": { mmac: 0.76, mb: 0.250,
    now: { dispatches: 27, pipelines: 20, executed: 1.1, moved: 0.94, slots: 1.21 } },
  "alexnet": { mmac: 2780.57, mb: 23.552,
    now: { dispatches: 31, pipelines: 17, executed: 0.98, moved: 1.04, slots: 1.31 } },
  "vgg11": { mmac: 22612.8, mb: 204.562,
    now: { dispatches: 45, pipelines: 16, executed: 1.0, moved: 1.11, slots: 1.32 } },
  "nin": { mmac: 2253.02, mb: 40.754,
    now: { dispatches: 48, pipelines: 25, executed: 1.0, moved: 1.06, slots: 1.14 } },
  "googlenet": { mmac: 820.97, mb: 25.013,
    now: { dispatches: 204, pipelines: 22, executed: 1.01, moved: 1.16, slots: 1.15 } },
  "resnet18": { mmac: 948.75, mb: 28.555,
    now: { dispatches: 105, pipelines: 24, executed: 1.03, moved: 0.9, slots: 1.2 } },
  "densenet": { mmac: 380.01, mb: 32.948,
    now: { dispatches: 123, pipelines: 27, executed: 0.99, moved: 0.97, slots: 1.17 } },
});

const pipelines = (steps: readonly Step[]) =>
  new Set(steps.map(({ kernel, overrides }) => `${kernel.entry}\n${bake(kernel.code, overrides)}`));
const described = ({ path, kernel, tensors }: Step) =>
  `${path} ${kernel.entry} ${Object.keys(kernel.bindings).map((n) => `${n}=${tensors[n].name}`).join(" ")}`;
const rounded = (_: string, v: unknown) => typeof v === "number" ? Math.ceil(v * 100) / 100 : v;

test.each(cases)("%s: dispatches, pipelines, bytes, slots are at most what they are now", (family, wanted) => {
  const { mmac, mb, now } = wanted, { steps, use } = recorded(family, sizes[family], subgroups);
  const found: Counts = {
    dispatches: steps.length,
    pipelines: pipelines(steps).size,
    executed: sum(steps, executed) / sum(steps, macs),
    moved: sum(steps, bytes) / BATCH / 1e6 / mb,
    slots: use.slots / use.bound,
  };
  if (process.env.CONVOY_STEPS === family) console.log(steps.map(described).join("\n"));
  if (process.env.CONVOY_COUNTS) console.log(family, JSON.stringify(found, rounded));
  expect(sum(steps, macs) / BATCH / 1e6 / mmac, "MACs against the cost model").toBeCloseTo(1, 2);
  for (const [name, limit] of Object.entries(now)) expect(found[name as keyof Counts], name).toBeLessThanOrEqual(limit);
  const floor = { forward: 0, "input gradient": 0, "weight gradient": 0, backward: 0, update: 0 };
  for (const step of steps) floor[passOf(step)] += macs(step);
  const each = floor.backward / 2, dx = floor["input gradient"] + each, dweight = floor["weight gradient"] + each;
  expect(floor.forward, "as many MACs in the weight gradients as forward").toBe(dweight);
  expect(dx).toBeLessThan(floor.forward);
  expect(dx).toBeGreaterThan(0);
  expect(steps.filter((step) => passOf(step) === "update")).toHaveLength(1);
});

/** On a GPU; the longest sums at batch 32, where many dispatches have too few workgroups to keep one busy. */
interface OnGpu extends Pick<Counts, "dispatches" | "executed" | "moved"> {
  /** Thousands of multiply-adds that one invocation does, added up over the step. */
  chain: number;
}
const onGpus = Object.entries<OnGpu>({
  "lenet": { dispatches: 20, executed: 2.08, moved: 1.38, chain: 39 },
  "lenet-bn": { dispatches: 32, executed: 2.18, moved: 1.26, chain: 34 },
  "alexnet": { dispatches: 34, executed: 1.01, moved: 1.07, chain: 3087 },
  "vgg11": { dispatches: 47, executed: 1.01, moved: 1.11, chain: 10652 },
  "nin": { dispatches: 50, executed: 1.02, moved: 1.09, chain: 1814 },
  "googlenet": { dispatches: 213, executed: 1.03, moved: 1.32, chain: 3500 },
  "resnet18": { dispatches: 133, executed: 1.02, moved: 1.08, chain: 2648 },
  "densenet": { dispatches: 156, executed: 1.06, moved: 1.21, chain: 1307 },
});
test.each(onGpus)("%s on a GPU: dispatches, sums, bytes are at most what they are now", (family, now) => {
  const on = (batch: number) => recorded(family, sizes[family], none, batch).steps, steps = on(BATCH);
  const found: OnGpu = {
    dispatches: steps.length,
    executed: sum(steps, executed) / sum(steps, macs),
    moved: sum(steps, bytes) / BATCH / 1e6 / Object.fromEntries(cases)[family].mb,
    chain: sum(on(32), (step) =>
      executed(step) / step.grid.reduce((n, extent) => n * extent, step.overrides.WORKGROUP) / 1000),
  };
  if (process.env.CONVOY_COUNTS) console.log(`"${family}":`, JSON.stringify(found, rounded));
  for (const [name, limit] of Object.entries(now)) expect(found[name as keyof OnGpu], name).toBeLessThanOrEqual(limit);
});
