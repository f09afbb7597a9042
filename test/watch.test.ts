// A layer whose loops depend on what it trains on: one that does not end is left, and the weights tell which it was.
import { expect, test } from "vitest";
import { conv2d, flatten, linear, ones, sequential, sgd } from "../src/index.js";
import { watch } from "../src/check/index.js";
import { probe } from "../src/check/probe.js";
import type { Device } from "../src/gpu/device.js";
import { Session } from "../src/train/session.js";
import { readWeights } from "../src/train/weights.js";
import { noise, order } from "./noise.js";
import { pointwise, pointwiseText } from "./pointwise.js";
import { openTestDevice } from "./support.js";

const counted = "for (var k = 0u; k < 2u; k++) { y[i] = x[i]; }";
const endless = (least: number) => `dx[i] = dy[i]; while (x[i] > ${least}) { dx[i] = dx[i]; }`;

/** Pixels, from 0 to 1, with a weight in front, so that their gradient is wanted. */
const same = conv2d({ filters: 1, kernel: 1, bias: false, init: ones });

test.each([
  ["some bytes are above 0.9", 0.9, /^t_backward, line (\d+) \(.*while \(x\[i\] > 0\.9\).*this loop does not end/],
  ["no byte is above 1.1", 1.1, undefined],
])("%s", async (_, least, want) => {
  const device = await openTestDevice(), text = pointwiseText(counted, endless(least));
  const watched = watch(pointwise(text), { device }), input = [1, 4, 4];
  const net = sequential(same, watched.layer, flatten(), linear({ units: 4 }));
  const session = await Session.open(net, {
    device, input, batches: [8], data: noise(8, [1, 4, 4], 4), optimizer: sgd({ lr: 0 }),
  });
  session.step(order(8));
  const weights = await readWeights(session.memory, session.network), found = watched.found(weights);
  session.destroy();
  if (!want) return expect(found).toBeUndefined();
  const line = text.split("\n").findIndex((of) => of.includes("while")) + 1;
  expect(found).toMatchObject({ check: "loop", line, message: expect.stringMatching(want) });
});

test("a kernel that binds as many buffers as the device allows stays as it is", async () => {
  const bound = (storageBuffers: number) => {
    const device = { adapter: { limits: { storageBuffers } } } as unknown as Device;
    const { forward } = probe(watch(pointwise(pointwiseText(counted)), { device }).layer, [[2, 3]]);
    return Object.keys(forward[0].kernel.bindings);
  };
  expect([bound(2), bound(3)]).toEqual([["x", "y"], ["x", "y", "convoy_stuck"]]);
});
