// What a training step takes, counted from its recording: no device, no clock. The limits are what is reached now, so that they
// can only fall; `goal` is where they are to go.
import { expect, test } from "vitest";
import { families } from "../models/index.js";
import { bake } from "../src/gpu/kernel.js";
import { tensor, type Step, type Target } from "../src/gpu/recorder.js";
import { crossEntropy } from "../src/losses/crossEntropy.js";
import { sgd } from "../src/optimizers/sgd.js";
import { memoryUse, plan, single } from "../src/plan.js";
import { bytes, joint, macs, passOf } from "../src/profile/cost.js";
import { control, describe as network, RING, training } from "../src/train/network.js";
import { lastingOf } from "../src/train/source.js";

interface Counts { dispatches: number; pipelines: number; /** Multiply-adds that kernels execute ÷ those that are wanted: tiles hang over. */ executed: number; /** Bytes bound ÷ bytes of the cost model. */ moved: number; /** Slots ÷ the most bytes alive at once. */ slots: number }
interface Case { size: number; goal: number; /** Of an image: millions of multiply-adds, and megabytes that a step must move. */ mmac: number; mb: number; now: Counts }

const BATCH = 128, subgroups: Target = { lanes: 8, tasks: 32 }, none: Target = { tasks: 1024 };
const cases: Record<string, Case> = {
  "lenet": { size: 28, goal: 20, mmac: 1.13, mb: 0.163, now: { dispatches: 19, pipelines: 16, executed: 1.1, moved: 1.17, slots: 1.25 } },
  "lenet-bn": { size: 28, goal: 35, mmac: 0.76, mb: 0.250, now: { dispatches: 27, pipelines: 20, executed: 1.1, moved: 0.94, slots: 1.21 } },
  "alexnet": { size: 224, goal: 34, mmac: 2780.57, mb: 23.552, now: { dispatches: 31, pipelines: 17, executed: 0.99, moved: 1.04, slots: 1.31 } },
  "vgg11": { size: 224, goal: 47, mmac: 22612.8, mb: 204.562, now: { dispatches: 45, pipelines: 16, executed: 1.0, moved: 1.11, slots: 1.32 } },
  "nin": { size: 224, goal: 48, mmac: 2253.02, mb: 40.754, now: { dispatches: 48, pipelines: 25, executed: 1.0, moved: 1.06, slots: 1.14 } },
  "googlenet": { size: 96, goal: 206, mmac: 820.97, mb: 25.013, now: { dispatches: 204, pipelines: 22, executed: 1.01, moved: 1.16, slots: 1.15 } },
  "resnet18": { size: 96, goal: 122, mmac: 948.75, mb: 28.555, now: { dispatches: 105, pipelines: 24, executed: 1.03, moved: 0.92, slots: 1.2 } },
  "densenet": { size: 96, goal: 140, mmac: 380.01, mb: 32.948, now: { dispatches: 123, pipelines: 27, executed: 0.99, moved: 0.97, slots: 1.17 } },
};

function recorded(family: string, size: number, target: Target, batch = BATCH) {
  const net = network(families[family](), [1, size, size], 2 ** 32), order = control(batch), ring = tensor("ring", [RING, 4]);
  const source = { shape: net.input, streamed: false, images: tensor("images", [1]), classes: tensor("labels", [1]), levels: tensor("levels", [1, 2]) };
  const { steps } = training({ network: net, batch, loss: crossEntropy(), control: order, ring, source, target, optimizer: sgd({ lr: 0.1 }), states: net.learned.map(() => ({})) });
  const kept = [order, single(ring), ...lastingOf(source), ...net.learned, ...net.gradients, ...net.others];
  return { steps, use: memoryUse(steps, plan([steps], kept, 2 ** 33)) };
}

const sum = (steps: readonly Step[], of: (step: Step) => number) => steps.reduce((total, step) => total + of(step), 0);
const pipelines = (steps: readonly Step[]) => new Set(steps.map(({ kernel, overrides }) => `${kernel.entry}\n${bake(kernel.code, overrides)}`));

/** Multiply-adds that a step's invocations execute: each computes a whole tile, of so many pixels × filters (or, of a weight gradient, of rows × filters). */
function executed(step: Step): number {
  const { kernel: { entry }, params: { N, H, W, C, P, Q, K, R, S, STRIDE_H, STRIDE_W, LANES, CHANNELS, FILTERS, PIXELS, TAPS, TILE_K, TILE_C, padding_h, DILATION_H } } = step, up = (n: number, unit: number) => Math.ceil(n / unit) * unit;
  const pixels = (n: number) => N * P * up(Q, n), taps = R * S, rows = (n: number) => up(n, LANES);
  /** Rows × rows of taps: those that reach nothing are left out, where a workgroup has images for a whole row. */
  const forward = (n: number) => N * up(Q, n) * (N * Math.ceil(Q / n) % 16 ? P * R : count(P, R, (p, r) => within(p * STRIDE_H - padding_h + r * DILATION_H, H)));
  const input = (n: number) => N * up(Math.ceil(W / STRIDE_W), n) * (STRIDE_H > 1 || N * Math.ceil(W / n) % 16 ? Math.ceil(H / STRIDE_H) * R : count(H, R, (h, r) => within(h + padding_h - r * DILATION_H, P)));
  /** Where lanes share a row of taps; the first workgroup leaves out none, for the bias. */
  const weight = (each: number) => each % LANES ? pixels(2) * rows(R * each) : N * up(Q, 2) * (each * count(P, R, (p, r) => within(p * STRIDE_H - padding_h + r * DILATION_H, H)) + LANES * count(P, 1, (p) => !within(p * STRIDE_H - padding_h, H)));
  switch (entry) {
    case "conv2d_forward": case "conv2d_backward_input": case "conv2d_backward_weight": return macs(step);
    case "conv2d_tiled_forward": return up(N * P * Q, 4096 / TILE_K) * up(K, TILE_K) * R * up(S * C, 16);
    case "conv2d_tiled_input_backward": return up(N * Math.ceil(H / STRIDE_H) * Math.ceil(W / STRIDE_W), 4096 / TILE_C) * up(C, TILE_C) * taps * up(K, 16);
    case "conv2d_tiled_weight_partial": return up(R * S * C, 4096 / TILE_K) * up(K, TILE_K) * up(N * P * Q, 16);
    case "linear_forward": case "linear_backward": return macs(step);
    case "linear_direct_backward": return up(N, 16) * up(C, 32) * K + up(K, 16) * up(C + 1, 32) * N;
    case "conv2d_vec4_forward": case "conv2d_direct_forward": return forward(PIXELS) * up(K, 16) * S * C;
    case "conv2d_narrow_forward": return forward(PIXELS) * up(K, FILTERS) * S * C;
    case "conv2d_direct_input_backward": return input(4) * up(C, CHANNELS) * S * K;
    case "conv2d_row_input_backward": return (N % 16 ? up(N * H, 16) * R : N * count(H, R, (h, r) => within(h + padding_h - r, P))) * up(Q, PIXELS) * TAPS * CHANNELS * K;
    case "conv2d_vec4_weight_partial": return 4 * weight(S * C / 4) * up(K, 16);
    case "conv2d_vec2_weight_partial": return 6 * weight(Math.ceil(S / 3) * C / 2) * up(K, 16);
    case "conv2d_direct_weight_partial": return TAPS * rows(R * Math.ceil(S / TAPS) * C) * up(K, 16) * pixels(2);
    case "conv2d_narrow_weight_partial": return TAPS * rows(R * Math.ceil(S / TAPS) * C) * up(K, FILTERS) * N * P * Q;
    default: if (macs(step)) throw new Error(`nobody knows what ${entry} executes`); return 0;
  }
}

const within = (row: number, rows: number) => row >= 0 && row < rows;
/** Pairs of a row and a tap for which this holds. */
const count = (rows: number, taps: number, holds: (row: number, tap: number) => boolean) => Array.from({ length: rows * taps }, (_, i) => holds(Math.floor(i / taps), i % taps)).filter(Boolean).length;

/** Bytes of workgroup memory that a baked text asks for. */
function workgroupBytes(code: string): number {
  const size: Record<string, number> = { f32: 4, u32: 4, i32: 4, vec2f: 8, vec2u: 8, vec4f: 16, vec4u: 16, mat4x4f: 64, Moments: 32, Sums: 32 };
  const constants = new Map([...code.matchAll(/^const (\w+)(?:: u32)? = ([^;]+);/gm)].map(([, name, value]) => [name, value]));
  const value = (text: string): number => {
    const numbers = text.replace(/[a-z_]\w*/gi, (name) => { if (!constants.has(name)) throw new Error(`${name} in ${text}`); return String(value(constants.get(name)!)); });
    if (!/^[\d\s+*\/()-]+u?$/.test(numbers.replace(/(\d)u/g, "$1"))) throw new Error(`cannot work out ${text}`);
    return Number(new Function(`return ${numbers.replace(/(\d)u/g, "$1")}`)());
  };
  const bytesOf = (type: string): number => {
    const array = /^array<(.+),([^,]+)>$/.exec(type.trim());
    const bytes = array ? bytesOf(array[1]) * value(array[2].trim()) : size[type.trim()];
    if (!(bytes > 0)) throw new Error(`no size is known for ${type}`);
    return bytes;
  };
  return [...code.matchAll(/^var<workgroup> \w+: ([^;]+);/gm)].reduce((total, [, type]) => total + bytesOf(type), 0);
}

test.each(Object.entries(cases))("%s: dispatches, pipelines, bytes, slots are at most what they are now", (family, { size, goal, mmac, mb, now }) => {
  const { steps, use } = recorded(family, size, subgroups);
  const found: Counts = { dispatches: steps.length, pipelines: pipelines(steps).size, executed: sum(steps, executed) / sum(steps, macs), moved: sum(steps, bytes) / BATCH / 1e6 / mb, slots: use.slots / use.bound };
  if (process.env.CONVOY_STEPS === family) console.log(steps.map((s) => `${s.path} ${s.kernel.entry} ${Object.keys(s.kernel.bindings).map((n) => `${n}=${s.tensors[n].name}`).join(" ")}`).join("\n"));
  if (process.env.CONVOY_COUNTS) console.log(family, goal, JSON.stringify(found, (_, v: unknown) => typeof v === "number" ? Math.ceil(v * 100) / 100 : v));
  expect(sum(steps, macs) / BATCH / 1e6 / mmac, "MACs against the cost model").toBeCloseTo(1, 2);
  for (const [name, limit] of Object.entries(now)) expect(found[name as keyof Counts], name).toBeLessThanOrEqual(limit);
  const floor = { forward: 0, "input gradient": 0, "weight gradient": 0, update: 0 };
  for (const step of steps) {
    const both = joint(step);
    floor[passOf(step)] += macs(step) / (both ? 2 : 1);
    if (both) floor["input gradient"] += macs(step) / 2;
  }
  expect(floor.forward, "as many MACs in the weight gradients as forward").toBe(floor["weight gradient"]);
  expect(floor["input gradient"]).toBeLessThan(floor.forward);
  expect(floor["input gradient"]).toBeGreaterThan(0);
  expect(steps.filter((step) => passOf(step) === "update")).toHaveLength(1);
});

/** What tiles hang over on a GPU, where a workgroup computes 4,096 results at once: multiply-adds executed ÷ wanted. */
const onGpus: Record<string, number> = { "lenet": 3.77, "lenet-bn": 3.96, "alexnet": 1.01, "vgg11": 1.02, "nin": 1.02, "googlenet": 1.04, "resnet18": 1.02, "densenet": 1.06 };
test.each(Object.entries(onGpus))("%s on a GPU: tiles hang over no more than they do now", (family, limit) => {
  const { steps } = recorded(family, cases[family].size, none), found = sum(steps, executed) / sum(steps, macs);
  if (process.env.CONVOY_COUNTS) console.log(family, "on a GPU", found.toFixed(3));
  expect(found).toBeLessThanOrEqual(limit);
});

test.each([["googlenet", 96, 4.93], ["resnet18", 32, 0.75], ["densenet", 96, 5.82]])("%s, %i pixels wide, on a GPU: weight gradients are split no finer than pays", (family, size, limit) => {
  const { steps } = recorded(family, size, none), gigabytes = sum(steps, bytes) / 1e9;
  if (process.env.CONVOY_COUNTS) console.log(family, size, "on a GPU, GB a step", gigabytes.toFixed(3));
  expect(gigabytes).toBeLessThanOrEqual(limit);
});

test("no kernel asks for more than every adapter has: 8 storage buffers, 16 KiB of workgroup memory, 256 invocations", () => {
  expect(workgroupBytes("const TILE: u32 = 16;\nconst PAD: u32 = TILE + 4;\nvar<workgroup> a: array<vec4f, TILE * PAD>;\nvar<workgroup> b: array<array<f32, 4>, TILE>;\n")).toBe(16 * 20 * 16 + 16 * 16);
  for (const target of [subgroups, none]) for (const [family, { size }] of Object.entries(cases)) for (const { kernel, overrides } of recorded(family, size, target).steps) {
    const code = bake(kernel.code, overrides), entry = code.slice(0, code.indexOf(`fn ${kernel.entry}(`)).match(/@workgroup_size\(([^)]*)\)/g)!.at(-1)!;
    const invocations = entry.slice(16, -1).split(",").reduce((n, part) => n * Number(new RegExp(`^const ${part.trim()}: u32 = (\\d+)`, "m").exec(code)?.[1] ?? part), 1);
    expect(Object.keys(kernel.bindings).length, kernel.entry).toBeLessThanOrEqual(8);
    expect(workgroupBytes(code), kernel.entry).toBeLessThanOrEqual(16384);
    expect(invocations, kernel.entry).toBeLessThanOrEqual(256);
    expect(invocations, kernel.entry).toBeGreaterThan(0);
  }
});

test("on a GPU no weight gradient of a convolution is left to a few invocations, nor LeNet's 150 first weights to 150", () => {
  for (const [family, { size }] of Object.entries(cases)) for (const { path, kernel: { entry }, params: { N, P, Q }, grid, overrides } of recorded(family, size, none).steps)
    if (/weight/.test(entry) && N * P * Q > 4096) expect(grid[0] * grid[1] * grid[2] * overrides.WORKGROUP, `${family} ${path} ${entry}`).toBeGreaterThan(10_000);
});

test("where there are few rows, no subgroup is there for nothing", () => {
  for (const batch of [1, 4, 20]) for (const { path, kernel: { entry }, params: { N, P, Q, LANES, PIXELS }, grid, overrides } of recorded("lenet", 28, subgroups, batch).steps)
    if (/^conv2d_\w+_forward$/.test(entry)) {
      const needed = N * P * Math.ceil(Q / PIXELS), there = grid[0] * grid[1] * overrides.WORKGROUP;
      expect(there - needed, `batch ${batch}, ${path} ${entry}`).toBeGreaterThanOrEqual(0);
      expect(there - needed, `batch ${batch}, ${path} ${entry}`).toBeLessThan(needed > 16 ? 16 : LANES);
    }
});
