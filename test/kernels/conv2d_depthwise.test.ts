import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { conv2d } from "../../src/layers/conv2d.js";
import { depthwiseConv2d, ladders } from "../../src/layers/depthwiseConv2d.js";
import { forward } from "../../src/train/forward.js";
import * as reference from "../reference/conv2d.js";
import { expectClose, openTestDevice, random } from "../support.js";
import { control, sized, type Case } from "./convolution_cases.js";
import { agrees, dispatched, play } from "./convolution_rungs.js";

// Every rung of the ladders in src/layers/depthwiseConv2d.ts, forced, against the twin of all convolutions.
const stride = (STRIDE_H: number, STRIDE_W = STRIDE_H) => ({ STRIDE_H, STRIDE_W });
const padding = (padding_h: number, padding_w = padding_h) => ({ padding_h, padding_w });
const cases: Record<string, Partial<Case>> = {
  "control": {},
  "no padding": padding(0),
  "padding past the window": padding(4, 3),
  "an odd number of rows, and one image": { N: 1, H: 9 },
  "one output element": { N: 1, C: 1, H: 3, W: 3, ...padding(0) },
  "more channels than a workgroup": { C: 70, W: 9 },
  "a long row, in parts": { C: 1, N: 1, W: 41 },
  "a stride of 2": stride(2),
  "a stride of 2, no padding, odd sizes": { H: 8, W: 9, ...stride(2), ...padding(0) },
  "a stride of 2, padding past the window": { H: 6, W: 5, ...stride(2), ...padding(3, 4) },
  "a stride of 2, a long row, in parts": { C: 1, N: 1, W: 50, ...stride(2) },
  "a stride of 2 past the image": { H: 1, W: 2, ...stride(2) },
  "a stride along the row alone": stride(1, 2),
  "a stride down the column alone": stride(2, 1),
  "a stride of 3": { H: 11, ...stride(3) },
  "no bias": { BIAS: 0 },
  "many rows, the last split has less": { N: 23, H: 8, C: 3 },
  "another window, which the plain rung takes": { R: 5, S: 5, ...padding(2) },
  "a dilated one": { DILATION_H: 2, DILATION_W: 2, ...padding(2) },
};
const depthwise = (d: Partial<Case>) => {
  const { C } = { ...control, ...d };
  return sized({ ...control, ...d, K: C, groups: C });
};

describe("every rung of a depthwise convolution agrees with the twin", () => {
  test.each(Object.keys(cases))("%s", (name) => agrees(depthwise(cases[name]), ladders));

  test("any extents", async () => {
    const upTo = (most: number, least = 1) => fc.integer({ min: least, max: most });
    const shapes = fc.record({
      strides: fc.constantFrom(stride(1), stride(2)), N: upTo(3), C: upTo(9),
      padding_h: upTo(3, 0), padding_w: upTo(3, 0), H: upTo(13, 3), W: upTo(13, 3),
    });
    const property = fc.asyncProperty(shapes, ({ strides, ...d }) => agrees(depthwise({ ...d, ...strides }), ladders));
    await fc.assert(property, { numRuns: 20, seed: 7 });
  });

  test("with a batch normalisation folded in, and a sum and an activation behind it", async () => {
    const d = depthwise({ W: 9 }), x = random(1, d.N * d.H * d.W * d.C), weight = random(2, 9 * d.C);
    const bias = random(3, 2 * d.C), alone = reference.forward({ ...d, BIAS: 0 }, x, weight, bias);
    const addend = random(4, alone.length), fused = { SCALED: 1, ADDEND: 1, ACTIVATION: 1 };
    const { y } = await play(ladders.forwardLadder[0], d, { x, weight, bias, addend }, { y: alone.length }, fused);
    const want = alone.map((v, i) => Math.max(0, v * bias[i % d.C] + bias[d.C + i % d.C] + addend[i]));
    expectClose("y", y!, want, 9);
  });

  test.each([stride(1), stride(2)])("a gradient with a sum and a slope behind it, %j", async (strides) => {
    const d = depthwise(strides), size = d.N * d.H * d.W * d.C, weight = random(2, 9 * d.C);
    const dy = random(4, d.N * d.P * d.Q * d.C), addend = random(5, size), z = random(6, size);
    const rung = ladders.inputLadder.find((r) => r.fits(d, {}))!;
    const { dx } = await play(rung, d, { weight, dy, addend, z }, { dx: size }, { ADDEND: 1, SLOPE: 1 });
    const alone = reference.backward(d, z, weight, dy).dx;
    expectClose(rung.name, dx!, alone.map((v, i) => z[i] > 0 ? v + addend[i] : 0), 9);
  });

  test("all its kernels were dispatched", async () => {
    const names = ["conv2d_depthwise", "conv2d_depthwise_input", "conv2d_depthwise_weight"];
    const modules = await Promise.all(names.map((name) => import(`../../src/generated/${name}.ts`) as Promise<object>));
    expect([...dispatched]).toEqual(expect.arrayContaining(modules.flatMap((m) => Object.keys(m))));
  });
});

test("it is conv2d() in as many groups as channels, by other kernels", async () => {
  const device = await openTestDevice(), x = { shape: [2, 6, 9, 7], data: Float32Array.from(random(1, 2 * 6 * 9 * 7)) };
  const options = { kernel: 3, stride: [1, 2], padding: 1 } as const;
  const own = await forward(depthwiseConv2d(options), { device, x, seed: 3 });
  const grouped = await forward(conv2d({ ...options, filters: 6, groups: 6 }), { device, x, seed: 3 });
  expect(own.kernels).toEqual(["conv2d_depthwise_forward"]);
  expect(grouped.kernels).toEqual(["conv2d_forward"]);
  expect(own.shape).toEqual(grouped.shape);
  expectClose("y", own.data, Float64Array.from(grouped.data), 9);
  expect(() => depthwiseConv2d({ kernel: 3, groups: 2 } as never)).toThrow("depthwiseConv2d takes { kernel");
});
