// Fine-tuning: what is frozen keeps its bits and takes no dispatch, and a file of another head loads as far as it fits.
import { expect, test } from "vitest";
import { resnet } from "../models/index.js";
import {
  adamw, batchNorm, conv2d, dropout, flatten, freeze, linear, named, relu, sequential, sgd, summary, train,
  type Block, type Optimizer, type Part, type Run, type TrainOptions,
} from "../src/index.js";
import { Graph } from "../src/graph.js";
import { describe as network } from "../src/train/network.js";
import { Session } from "../src/train/session.js";
import { noise } from "./noise.js";
import { openTestDevice } from "./support.js";

const data = noise(21, [1, 8, 8], 4);
const body = (requiresGrad?: boolean) =>
  [conv2d({ filters: 4, kernel: 3, requiresGrad }), batchNorm({ requiresGrad }), relu()] as const;
const head = (units = 4): Part[] => [flatten(), linear({ units })];
/** The same network free, and its first three layers frozen in each of three ways; names stay. */
const free = sequential(...body(), ...head());
const ways = Object.entries<{ net: Block; freeze?: (name: string) => boolean }>({
  "freeze(part)": { net: sequential(...body().map(freeze), ...head()) },
  "requiresGrad: false": { net: sequential(...body(false), ...head()) },
  "by name": { net: free, freeze: (name) => !name.startsWith("4.") },
});
const open = async (net: Block, options: Partial<TrainOptions> = {}): Promise<Run> =>
  train(net, { device: await openTestDevice(), data, batch: 8, epochs: 2, seed: 5, ...options });

/** "path kernel" of each dispatch of a training step. */
async function steps(net: Block, by?: (name: string) => boolean): Promise<string[]> {
  const device = await openTestDevice();
  const session = await Session.open(net, { device, input: [1, 8, 8], batches: [8], data, freeze: by });
  const found = session.programs[0].steps.map(({ path, kernel }) => `${path} ${kernel.entry}`);
  session.destroy();
  return found;
}

test.each(ways)("frozen layers take no backward dispatch, and statistics are the running ones: %s", async (_, way) => {
  const { net, freeze: by } = way, whole = await steps(free), found = await steps(net, by);
  expect(found.filter((s) => /^[012] .*backward|^[012] .*(_partial|_reduce|_finalise)/.test(s))).toEqual([]);
  expect(whole.filter((s) => /^[012] .*(backward|_partial)/.test(s)).length).toBeGreaterThanOrEqual(2);
  // into the frozen convolution in front
  expect(found.filter((s) => s.includes("batch_norm"))).toEqual(["batch norms batch_norm_fold_all"]);
  const { frozen, parameters, memory } = summary(net, { input: [1, 8, 8], batch: 8, freeze: by });
  expect([frozen, parameters]).toEqual([4 * 9 + 4 + 8, 4 * 9 + 4 + 8 + 144 * 4 + 4]);
  expect(memory.gradients).toBeLessThan(summary(free, { input: [1, 8, 8], batch: 8 }).memory.gradients);
});

test.each<[string, () => Optimizer]>([
  ["sgd with momentum and weight decay", () => sgd({ lr: 0.05, momentum: 0.9, weightDecay: 0.1 })],
  ["adamw", () => adamw({ lr: 0.01, weightDecay: 0.1 })],
])("frozen parameters and statistics keep their bits, the others learn: %s", async (_, optimizer) => {
  for (const [, { net, freeze: by }] of ways) {
    const run = await open(net, { optimizer: optimizer(), freeze: by }), before = await run.weights();
    expect(before, "first values are those of the free network").toEqual(await (await open(free)).weights());
    for await (const _ of run);
    for (const [name, { data: values }] of await run.weights())
      if (name.startsWith("4.")) expect(values, name).not.toEqual(before.get(name)!.data);
      else expect(values, name).toEqual(before.get(name)!.data);
    const file = await run.save(), again = await open(net, { optimizer: optimizer(), freeze: by, epochs: 3 });
    again.restore(file);
    expect(await again.save()).toEqual(file);
    for (const r of [run, again]) r.destroy();
  }
});

test("a frozen layer behind a free one hands the gradient on, and takes none itself", async () => {
  const middle = (part: (p: Part) => Part) => sequential(
    conv2d({ filters: 4, kernel: 3 }), part(batchNorm()), part(conv2d({ filters: 4, kernel: 3 })), flatten(),
    linear({ units: 4 }));
  const run = await open(middle(freeze)), before = await run.weights();
  for await (const _ of run);
  const after = [...await run.weights()];
  const changed = after.filter(([name, { data: values }]) => String(values) !== String(before.get(name)!.data));
  expect(changed.map(([name]) => name)).toEqual(["0.weight", "0.bias", "4.weight", "4.bias"]);
  const [found, whole] = [await steps(middle(freeze)), await steps(middle((p) => p))];
  const learns = (s: string) => /^2 .*(weight|bias|reduce)/.test(s);
  expect([found.some(learns), whole.some(learns)]).toEqual([false, true]);
  expect(found.some((s) => /^2 .*input/.test(s))).toBe(true);
  run.destroy();
});

test("one trained weight of two: the other gets no gradient", async () => {
  const net = network(free, [1, 8, 8], 2 ** 27, (name) => name === "0.weight" || name.startsWith("1."));
  const learned = net.learned.flatMap(({ parts }) => [...parts.keys()].map((t) => t.name));
  expect(learned).toEqual(["0.bias", "4.weight", "4.bias"]);
  await expect(open(freeze(free)))
    .rejects.toThrow("all parameters are frozen: there is nothing to learn; leave the last layer free");
});

test("weights of another head load as far as they fit, and the report says how far", async () => {
  const longer = sequential(...body(), flatten(), linear({ units: 7 }), relu(), named("more", linear({ units: 5 })));
  const first = await open(free), weights = await first.weights(), other = await open(longer);
  const one = { shape: [1], data: new Float32Array(1) };
  expect(() => other.load(weights)).toThrow("the state is of another network: it lacks 6.more.weight, 6.more.bias");
  const before = await other.weights();
  const file = new Map([...weights, ["extra.weight", one], ["1.num_batches_tracked", one]]);
  const report = other.load(file, { strict: false });
  expect(report).toEqual({
    loaded: ["0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var"],
    missing: ["6.more.weight", "6.more.bias"],
    unexpected: ["extra.weight"],
    mismatched: [{ name: "4.weight", got: [4, 144], want: [7, 144] }, { name: "4.bias", got: [4], want: [7] }],
  });
  const after = await other.weights();
  for (const [name, { data: values }] of after)
    expect(values, name).toEqual((report.loaded.includes(name) ? weights : before).get(name)!.data);
  expect(() => other.load(new Map([["x", one]]), { strict: false })).toThrow(
    "the state is of another network: nothing in it fits; "
    + "it has x, the network 0.weight, 0.bias, 1.weight and 7 more");
  expect(first.load(weights).missing).toEqual([]);
  for (const r of [first, other]) r.destroy();
});

test("ResNet-18 with all but its last layer frozen takes less than half the dispatches and memory", () => {
  const net = resnet(18)({ width: 0.125 }), options = { input: [1, 32, 32], batch: 8 };
  const whole = summary(net, options), tuned = summary(net, { ...options, freeze: (name) => !name.startsWith("7.") });
  expect(tuned.parameters - tuned.frozen).toBe(64 * 10 + 10);
  expect(tuned.dispatches).toBeLessThan(whole.dispatches / 2);
  expect(String(tuned))
    .toContain(`parameters, of which ${tuned.frozen.toLocaleString("en")} are frozen; a training step`);
  expect(tuned.memory.activations.bound).toBeLessThan(whole.memory.activations.bound / 2);
});

test("a frozen layer that has statistics and no parameters rests as well, dropout does not", () => {
  const centre = {
    name: "centre", shape: (x: readonly number[]) => x,
    state: ([, C]: readonly number[]) => ({ running: { shape: [C] } }), forward() {}, backward() {},
  } as unknown as Part;
  const still = (part: Part) => {
    const graph = new Graph();
    freeze(part)(graph.input("x", [2, 3]));
    return graph.nodes[0].frozen;
  };
  expect([still(centre), still(dropout())]).toEqual([true, false]);
});

test("a bias learns beside a frozen weight what it learns beside a free one", async () => {
  const net = sequential(conv2d({ filters: 4, kernel: 3 }), relu(), ...head());
  const biases = async (freeze?: (name: string) => boolean) => {
    const run = await open(net, { batch: 21, epochs: 1, freeze, optimizer: sgd({ lr: 0.5 }) });
    await run.finish();
    const all = await run.weights();
    run.destroy();
    return ["0.bias", "3.bias"].flatMap((name) => [...all.get(name)!.data]);
  };
  const want = await biases(), got = await biases((name) => /^[03]\.weight$/.test(name));
  got.forEach((v, i) => { expect(Math.abs(v - want[i])).toBeLessThan(1e-5); });
});
