import { describe, expect, test } from "vitest";
import { local_response_norm_backward, local_response_norm_forward } from "../../src/generated/local_response_norm.js";
import { alexnet } from "../../models/index.js";
import { localResponseNorm, summary } from "../../src/index.js";
import * as reference from "../reference/local_response_norm.js";
import { expectClose, expectGradient, random, run, runners, threeRows } from "../support.js";

const control = { M: 12, C: 7, size: 5, alpha: 0.5, beta: 0.75, k: 1, scale: 3 };
const cases: Record<string, Partial<typeof control>> = {
  "control": {},
  "AlexNet's": { C: 96, alpha: 5e-4, k: 2, scale: 20 },
  "PyTorch's defaults": { alpha: 1e-4 },
  "an even window": { size: 4 },
  "a window of one": { size: 1 },
  "a window wider than the channels": { C: 3, size: 9 },
  "one channel": { C: 1 },
  "one element": { M: 1, C: 1 },
  "another power": { beta: 1.5, k: 0.5 },
  "more channels than a workgroup": { M: 2, C: 70 },
  "grid folded into y": { M: 40 },
};

describe.each(Object.keys(cases))("local_response_norm, %s", (name) => {
  const { M, C, size, alpha, beta, k, scale } = { ...control, ...cases[name] };
  const sides = { before: size >> 1, after: (size - 1) >> 1 };
  const d: reference.Dim = { M, C, ...sides, share: Math.fround(alpha / size), beta, k };
  const x = random(1, M * C).map((v) => Math.fround(scale * v)), dy = random(2, M * C), want = reference.forward(d, x);

  test("the twin's gradient agrees with finite differences", () => {
    expectGradient("dx", () => reference.forward(d, x).y, dy, x, reference.backward(d, x, want.scale, dy));
  });

  test.each(Object.keys(runners))("agrees with its twin: %s", async (where) => {
    const n = M * C, work = name === "grid folded into y" ? threeRows(n) : n;
    const got = await run(runners[where], local_response_norm_forward, { x }, { y: n, scale: n }, { ...d }, work);
    const given = { x, known: want.scale, dy };
    const { dx } = await run(runners[where], local_response_norm_backward, given, { dx: n }, { ...d }, work);
    expectClose("scale", got.scale, want.scale, size);
    expectClose("y", got.y, want.y, size + 4);  // a power is exp2 of a product with log2: some roundings more
    expectClose("dx", dx, reference.backward(d, x, want.scale, dy), size + 4);
  });
});

test("PyTorch's window: of an even size, one more before than after; "
  + "the mean counts channels that are not there", () => {
  const d = { M: 1, C: 3, before: 1, after: 0, share: 1 / 2, beta: 1, k: 1 };
  const { y } = reference.forward(d, Float64Array.of(1, 2, 3));
  // torch.nn.LocalResponseNorm(2, alpha=1, beta=1), by its definition
  expect([...y]).toEqual([1 / 1.5, 2 / 3.5, 3 / 7.5]);
});

test("the original AlexNet has two of them, and options are checked", () => {
  const of = { input: [3, 224, 224], batch: 1 } as const, { layers, parameters } = summary(alexnet({ lrn: true }), of);
  const found = layers.filter((l) => l.layer === "localResponseNorm");
  expect(found.map((l) => l.shape)).toEqual([[1, 96, 54, 54], [1, 256, 26, 26]]);
  expect(parameters).toBe(summary(alexnet(), of).parameters);
  expect(() => localResponseNorm({ size: 0 })).toThrow("size is an integer of at least 1, not 0");
  expect(() => localResponseNorm({ size: 5, k: 0 })).toThrow("k is a number above 0, not 0");
  expect(() => localResponseNorm({ size: 5, alpha: -1 })).toThrow("alpha is a number of at least 0, not -1");
});
