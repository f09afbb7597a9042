import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { targetOf } from "../../src/gpu/device.js";
import { Memory } from "../../src/gpu/memory.js";
import { Player } from "../../src/gpu/player.js";
import { Recorder, tensor, type Rung, type Step, type Tensor } from "../../src/gpu/recorder.js";
import { backwardInput, backwardWeight, forward, type Convolution } from "../../src/layers/convolution.js";
import { extent } from "../../src/layers/window.js";
import { plan } from "../../src/plan.js";
import * as reference from "../reference/conv2d.js";
import { checked, expectClose, openTestDevice, random } from "../support.js";

// Every rung of the ladders in src/layers/convolution.ts, forced, against the twin. What they write starts as NaN.
const control = { N: 2, H: 7, W: 6, C: 5, K: 12, groups: 1, R: 3, S: 3, STRIDE_H: 1, STRIDE_W: 1, DILATION_H: 1, DILATION_W: 1, padding_h: 1, padding_w: 1, BIAS: 1 };
type Case = typeof control;
const cases: Record<string, Partial<Case>> = {
  "control": {},
  "1×1": { R: 1, S: 1, padding_h: 0, padding_w: 0, C: 9, K: 20 },
  "window not square": { R: 2, S: 5, padding_w: 2 },
  "stride 2": { STRIDE_H: 2, STRIDE_W: 2 },
  "stride past the window": { STRIDE_H: 4, STRIDE_W: 3, R: 2, S: 2, padding_h: 0, padding_w: 0 },
  "stride past the input": { H: 2, W: 3, R: 1, S: 2, STRIDE_H: 3, STRIDE_W: 2, padding_h: 0, padding_w: 0 },
  "stride past the width of many images": { N: 16, H: 3, W: 1, R: 1, S: 1, STRIDE_H: 2, STRIDE_W: 2, padding_h: 0, padding_w: 0 },
  "padding past the window": { padding_h: 3, padding_w: 4 },
  "dilation and stride": { DILATION_H: 2, DILATION_W: 3, STRIDE_H: 3, STRIDE_W: 2, padding_h: 3, padding_w: 3 },
  "one channel, six filters": { C: 1, K: 6, R: 5, S: 5, H: 12, W: 12 },
  "eight channels, dilated along the row": { C: 8, DILATION_W: 2, STRIDE_H: 2, padding_w: 2 },
  "ten filters": { C: 8, K: 10 },
  "one filter": { C: 3, K: 1 },
  "one output element": { N: 1, C: 1, K: 4, H: 3, W: 3, padding_h: 0, padding_w: 0 },
  "more filters than a tile": { C: 17, K: 36, H: 3, W: 3 },
  "tiles of other shapes": { N: 3, C: 20, K: 20, H: 8, W: 8 },
  "few channels, many filters": { C: 3, K: 72, H: 5, W: 5 },
  "groups": { C: 6, K: 8, groups: 2 },
  "no bias": { BIAS: 0 },
  "no bias, six filters": { BIAS: 0, K: 6 },
  "rows that only some taps reach, and as many images as a workgroup has invocations": { N: 32, C: 6, K: 8, R: 5, S: 5, H: 9, W: 9, padding_h: 0, padding_w: 0 },
  "the same with a stride and dilation": { N: 16, C: 4, K: 4, R: 3, H: 14, W: 9, STRIDE_H: 2, DILATION_H: 2, padding_h: 1 },
  "rows of five pixels": { W: 5, S: 5, padding_w: 2, K: 20 },
  "rows of fifteen, with a stride": { C: 3, W: 30, STRIDE_H: 2, STRIDE_W: 2 },
  "rows of ten, dilated": { W: 12, S: 2, DILATION_W: 4 },
  "a row of ten pixels, 1×1": { N: 1, H: 1, W: 10, R: 1, S: 1, padding_h: 0, padding_w: 0 },
  "1×1 with a stride": { R: 1, S: 1, STRIDE_H: 2, STRIDE_W: 2, padding_h: 0, padding_w: 0 },
  "channels by four, with a stride": { C: 8, W: 13, STRIDE_H: 2, STRIDE_W: 2 },
  "the same, in a wide window": { C: 4, W: 12, S: 5, STRIDE_W: 2, padding_w: 2 },
  "the same, in windows that touch": { C: 4, K: 20, W: 11, S: 2, STRIDE_H: 2, STRIDE_W: 2, padding_w: 0 },
  "channels by four, dilated, rows of five": { C: 4, W: 9, DILATION_W: 3, padding_w: 1 },
  "rows of eight channels, two taps, much padding": { C: 8, W: 5, R: 2, S: 2, padding_h: 2, padding_w: 3 },
  "rows by five pixels, a low window": { N: 3, C: 7, K: 8, W: 9, R: 1, S: 5, padding_h: 0 },
  "rows that only some taps reach, dx": { N: 32, C: 6, K: 8, R: 5, S: 5, H: 9, W: 9, padding_h: 2, padding_w: 0 },
  "a long sum": { N: 16, H: 12, W: 12, C: 2, K: 4 },
};

function sized({ groups, ...d }: Case): Convolution & reference.Dim {
  const P = extent(d.H, d.R, d.STRIDE_H, d.padding_h, d.DILATION_H), Q = extent(d.W, d.S, d.STRIDE_W, d.padding_w, d.DILATION_W);
  return { ...d, P, Q, D: d.C / groups, F: d.K / groups };
}

const dispatched = new Set<string>();

/** Records one rung, with these overrides where its kernel has them, plays it on values, and gives what it wrote. */
async function play<T extends string>(rung: Rung<Convolution, T>, d: Convolution, values: Record<string, Float64Array>, outputs: Record<string, number>, fused: Record<string, number> = {}) {
  const device = await openTestDevice(), rec = new Recorder(targetOf(device.adapter)), tensors: Record<string, Tensor> = {};
  for (const [name, v] of Object.entries(values)) tensors[name] = tensor(name, [v.length]);
  for (const [name, size] of Object.entries(outputs)) tensors[name] = tensor(name, [size]);
  rung.record(rec, tensors as Record<T, Tensor>, d);
  for (const { kernel } of rec.steps) dispatched.add(kernel.entry);
  const steps = rec.steps.map((step): Step => ({ ...step, overrides: { ...step.overrides, ...fused }, tensors: { ...step.tensors, ...tensors.addend && { addend: tensors.addend } } }));
  const memory = new Memory(device), bound = new Set(steps.flatMap((s) => Object.values(s.tensors)));
  const planned = plan([steps], Object.values(tensors).filter((t) => bound.has(t)).map((whole) => ({ whole, parts: new Map() })));
  return checked(device, async () => {
    await memory.grow(planned);
    for (const [name, t] of Object.entries(tensors)) if (bound.has(t)) memory.write(t, values[name] ? Float32Array.from(values[name]) : new Uint32Array(t.size).fill(0x7fc00000));
    const player = await Player.prepare(memory, rung.name, steps);
    player.play();
    const got = await Promise.all(Object.keys(outputs).map(async (name) => [name, bound.has(tensors[name]) ? await memory.read(tensors[name]) : undefined] as const));
    player.destroy();
    memory.destroy();
    return Object.fromEntries(got);
  });
}

async function agrees(d: Convolution & reference.Dim, only?: string): Promise<void> {
  const target = targetOf((await openTestDevice()).adapter);
  const x = random(1, d.N * d.H * d.W * d.C), weight = random(2, d.R * d.S * d.D * d.K), bias = random(3, d.K), dy = random(4, d.N * d.P * d.Q * d.K);
  const abs = (v: Float64Array) => v.map(Math.abs), pixels = d.N * d.P * d.Q;
  const want = { y: reference.forward(d, x, weight, bias), ...reference.backward(d, x, weight, dy) };
  const size = { y: reference.forward(d, abs(x), abs(weight), abs(bias)), ...reference.backward(d, abs(x), abs(weight), abs(dy)) };
  const fits = <T extends string>(ladder: readonly Rung<Convolution, T>[]) => ladder.filter((r) => r.fits(d, target) && (!only || r.name === only));
  for (const rung of fits(forward)) {
    const { y } = await play(rung, d, { x, weight, bias }, { y: want.y.length });
    expectClose(`${rung.name} y`, y!, want.y, d.R * d.S * d.D, size.y);
  }
  for (const rung of fits(backwardInput)) {
    const { dx } = await play(rung, d, { weight, dy }, { dx: x.length });
    expectClose(`${rung.name} dx`, dx!, want.dx, d.R * d.S * d.F, size.dx);
  }
  for (const rung of fits(backwardWeight)) {
    const { dweight, dbias } = await play(rung, d, { x, dy }, { dweight: weight.length, dbias: d.K });
    expectClose(`${rung.name} dweight`, dweight!, want.dweight, pixels, size.dweight);
    if (d.BIAS) expectClose(`${rung.name} dbias`, dbias!, want.dbias, pixels, size.dbias);
  }
}

describe("every rung of a convolution agrees with the twin", () => {
  test.each(Object.keys(cases))("%s", (name) => agrees(sized({ ...control, ...cases[name] })));

  test("any extents", async () => {
    const variants: Partial<Case>[] = [{}, { R: 2, S: 3, STRIDE_H: 3, STRIDE_W: 2, DILATION_W: 2 }, { C: 8, S: 4, STRIDE_W: 2 }];  // few, because each is compiled
    const upTo = (most: number, least = 1) => fc.integer({ min: least, max: most });
    const shapes = fc.record({ variant: fc.constantFrom(...variants), N: upTo(3), C: upTo(9), K: upTo(20), padding_h: upTo(3, 0), padding_w: upTo(3, 0), H: upTo(13, 5), W: upTo(13, 5) });
    await fc.assert(fc.asyncProperty(shapes, ({ variant, ...d }) => agrees(sized({ ...control, ...d, ...variant }))), { numRuns: 30, seed: 7 });
  });

  test.each([{ K: 6 }, { K: 12 }, { W: 10 }, { C: 8, K: 20, BIAS: 0 }])("%j, with a batch normalisation folded in, and a sum behind it", async (some) => {
    const d = sized({ ...control, ...some }), target = targetOf((await openTestDevice()).adapter), x = random(1, d.N * d.H * d.W * d.C), weight = random(2, d.R * d.S * d.D * d.K), bias = random(3, 2 * d.K);
    const want = reference.forward({ ...d, BIAS: 0 } as typeof d, x, weight, new Float64Array(d.K)), addend = random(4, want.length);
    for (const rung of forward.filter((r) => r.fits(d, target))) {
      const { y } = await play(rung, d, { x, weight, bias, addend }, { y: want.length }, { SCALED: 1, ADDEND: 1, ACTIVATION: 1 });
      expectClose(rung.name, y!, want.map((v, i) => Math.max(0, v * bias[i % d.K] + bias[d.K + i % d.K] + (rung.name === "narrow" ? 0 : addend[i]))), d.R * d.S * d.D);
    }
  });

  test("all their kernels were dispatched", async () => {
    const all = ["conv2d", "conv2d_tiled", "conv2d_tiled_input", "conv2d_tiled_weight", "conv2d_vec4", "conv2d_vec4_weight", "conv2d_vec2_weight", "reduce", "conv2d_direct", "conv2d_direct_input", "conv2d_row_input", "conv2d_direct_weight", "conv2d_narrow", "conv2d_narrow_weight"];
    const modules = await Promise.all(all.map((name) => import(`../../src/generated/${name}.ts`) as Promise<object>));
    expect([...dispatched].sort()).toEqual(modules.flatMap((m) => Object.keys(m)).sort());
  });
});
