// The instruments: clocks, the adapter's limits, a profile that leaves no trace.
import { expect, test, vi } from "vitest";
import { concat_backward } from "../src/generated/concat.js";
import { spread } from "../src/gpu/profiler.js";
import { Recorder, type Step } from "../src/gpu/recorder.js";
import {
  batchNorm, conv2d, depthwiseConv2d, flatten, linear, maxPool2d, relu, sequential, sgd, type Part,
} from "../src/index.js";
import { layer } from "../src/bench/cases.js";
import { bytes, macs, passOf } from "../src/profile/cost.js";
import { profile } from "../src/profile/profile.js";
import { roofline } from "../src/profile/roofline.js";
import { digits, share, table } from "../src/profile/table.js";
import { Session } from "../src/train/session.js";
import { readWeights } from "../src/train/weights.js";
import { noise, order } from "./noise.js";
import { openTestDevice } from "./support.js";

const net = () => sequential(
  conv2d({ filters: 6, kernel: 5 }), batchNorm(), relu(),
  conv2d({ filters: 8, kernel: 3 }), relu(), maxPool2d({ kernel: 2 }), flatten(), linear({ units: 10 }),
);

test("one profile at a time, and none while the training goes on", async () => {
  const device = await openTestDevice(), data = noise(8, [1, 28, 28]);
  const session = await Session.open(net(), { device, input: [1, 28, 28], batches: [8], data });
  const roof = { flops: 1e10, bandwidth: 1e10, dispatch: 1e-9, host: 1e-6, clock: "wall clock" } as const;
  const first = profile(session, { rounds: 1, roofline: roof });
  await expect(profile(session, { roofline: roof })).rejects.toThrow("is being profiled already");
  session.step(order(8));
  await expect(first).rejects.toThrow("took 1 steps while it was profiled");
  expect((await profile(session, { rounds: 1, roofline: roof })).dispatches).toBe(session.programs[0].steps.length);
  session.destroy();
});

test("a profile accounts for every dispatch, and leaves weights, states and statistics as they were", async () => {
  const device = await openTestDevice(), optimizer = sgd({ lr: 0.05, momentum: 0.9 });
  const options = { device, input: [1, 28, 28], batches: [8], data: noise(8, [1, 28, 28]), optimizer, seed: 3 };
  const [session, other] = [await Session.open(net(), options), await Session.open(net(), options)];
  const roof = { flops: 1e10, bandwidth: 1e10, dispatch: 1e-9, host: 1e-6, clock: "wall clock" } as const;
  const clocks = ["timestamps", "wall clock"] as const;
  session.step(order(8));
  for (const clock of clocks) {
    const found = await profile(session, { rounds: 1, roofline: roof, clock });
    const { rows, dispatches, seconds, step, clock: used, toString } = found;
    expect(used).toBe(clock);
    expect(rows.flatMap((r) => r.kernels)).toHaveLength(session.programs[0].steps.length);
    expect(dispatches).toBe(session.programs[0].steps.length);
    expect(rows.reduce((sum, r) => sum + r.share, 0)).toBeCloseTo(1, 6);
    for (const r of rows) {
      expect(r.seconds, r.path).toBeGreaterThan(0);
      const least = Math.max(r.flops / roof.flops, r.bandwidth / roof.bandwidth, roof.dispatch / r.seconds);
      if (r.kernels.length === 1) expect(r.fraction / least, r.path).toBeCloseTo(1, 6);
    }
    const conv = rows.filter((r) => r.path === "3");
    expect(conv.map((r) => r.pass)).toEqual(["forward", "input gradient", "weight gradient"]);
    for (const r of conv) expect(r.flops * r.seconds / (2 * 8 * 22 * 22 * 8 * 9 * 6)).toBeCloseTo(1, 6);
    expect(step).toBeGreaterThan(0.2 * seconds);
    expect(toString()).toContain("3 (conv2d)");
  }
  session.step(order(8));
  for (let i = 0; i < 2; i++) other.step(order(8));
  expect(await readWeights(session.memory, session.network)).toEqual(await readWeights(other.memory, other.network));
  session.destroy();
  other.destroy();
});

test("the roofline is measured, and each part of it is a number above 0", async () => {
  const { flops, bandwidth, dispatch, host } = await roofline(await openTestDevice());
  for (const value of [flops / 1e8, bandwidth / 1e8]) expect(value).toBeGreaterThan(1);
  expect(dispatch).toBeLessThan(0.01);
  expect(host).toBeGreaterThan(0);
});

test("timestamps that stand still are none: the wall clock times", { timeout: 60_000 }, async () => {
  const device = await openTestDevice(), make = vi.spyOn(device.gpu, "createCommandEncoder");
  make.mockImplementation((descriptor) => {
    const { createCommandEncoder } = Object.getPrototypeOf(device.gpu) as GPUDevice;
    const encoder = createCommandEncoder.call(device.gpu, descriptor);
    return Object.defineProperty(encoder, "resolveQuerySet", { value: () => {} });
  });
  try {
    const { flops, bandwidth, clock } = await roofline(device);
    expect(clock).toBe("wall clock");
    for (const value of [flops, bandwidth]) expect(value / 1e8).toBeGreaterThan(1);
    expect(flops).toBeLessThan(Infinity);
  } finally { make.mockRestore(); }
});

test("quartiles and tables", () => {
  expect(spread([5, 1, 3])).toEqual({ median: 3, low: 2, high: 4, best: 1 });
  expect(table(["a", "b"], [["x", "10"]])).toBe("a   b\n─────\nx  10");
  expect(table(["a", "b"], [["x", "10"]], { markdown: true })).toBe("| a | b |\n| --- | ---: |\n| x | 10 |");
  expect([0.0012345, 4.5678, 99.94, 123.4, 1234.5, NaN].map(digits))
    .toEqual(["0.00123", "4.57", "99.9", "123", "1,235", "-"]);
  expect([0.3725, 0.00421, 1.2345].map(share)).toEqual(["37 %", "0.42 %", "123 %"]);
});

test("work is counted once, whichever kernel does it", () => {
  const recorded = (of: Part, rung: string) => {
    const rec = new Recorder({ rung });
    layer("", "", [2, 9, 9, 8], of).record(rec);
    return rec.steps;
  };
  const [own, plain] = ["depthwise", "plain"].map((rung) => recorded(depthwiseConv2d({ kernel: 3 }), rung)
    .filter(({ kernel }) => kernel.entry.startsWith("conv")).map(macs));
  expect(own).toEqual(plain);
  const linears = ["plain", "direct"].map((rung) =>
    recorded(sequential(flatten(), linear({ units: 4 })), rung).map(passOf));
  for (const passes of linears) expect(passes, "both gradients at once").toEqual(["forward", "backward"]);
  const [strided] = recorded(conv2d({ filters: 8, kernel: 1, stride: 2, bias: false }), "plain");
  const concat = { kernel: concat_backward, tensors: {}, params: { M: 2, C0: 3, C1: 1, C2: 0, C3: 0 } };
  expect([0, 1].map((SLOPE) => bytes({ ...concat, overrides: { SLOPE } } as unknown as Step)))
    .toEqual([2 * 4 * 8, 3 * 4 * 8]);  // with a slope, of z too
  expect(bytes(strided)).toBe(4 * (2 * 5 * 5 * 8 + 8 * 8 + 2 * 5 * 5 * 8));  // of x, a pixel in three or four
});
