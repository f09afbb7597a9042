import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { targetOf } from "../../src/gpu/device.js";
import { Memory } from "../../src/gpu/memory.js";
import { Player } from "../../src/gpu/player.js";
import { Recorder, tensor, type Rung, type Step, type Tensor } from "../../src/gpu/recorder.js";
import { backwardInput, backwardWeight, forward, type Convolution } from "../../src/layers/convolution.js";
import { plan } from "../../src/plan.js";
import * as reference from "../reference/conv2d.js";
import { checked, expectClose, openTestDevice, random } from "../support.js";
import { cases, control, sized, type Case } from "./convolution_cases.js";

// Every rung of the ladders in src/layers/convolution.ts, forced, against the twin. What they write starts as NaN.
const dispatched = new Set<string>();

/** Records one rung, with these overrides where its kernel has them, plays it on values, and gives what it wrote. */
async function play<T extends string>(
  rung: Rung<Convolution, T>, d: Convolution, values: Record<string, Float64Array>, outputs: Record<string, number>,
  fused: Record<string, number> = {},
) {
  const device = await openTestDevice(), rec = new Recorder(targetOf(device.adapter));
  const tensors: Record<string, Tensor> = {};
  for (const [name, v] of Object.entries(values)) tensors[name] = tensor(name, [v.length]);
  for (const [name, size] of Object.entries(outputs)) tensors[name] = tensor(name, [size]);
  rung.record(rec, tensors as Record<T, Tensor>, d);
  for (const { kernel } of rec.steps) dispatched.add(kernel.entry);
  const steps = rec.steps.map((step): Step => ({
    ...step, overrides: { ...step.overrides, ...fused },
    tensors: { ...step.tensors, ...tensors.addend && { addend: tensors.addend } },
  }));
  const memory = new Memory(device), bound = new Set(steps.flatMap((s) => Object.values(s.tensors)));
  const kept = Object.values(tensors).filter((t) => bound.has(t));
  const planned = plan([steps], kept.map((whole) => ({ whole, parts: new Map() })));
  return checked(device, async () => {
    await memory.grow(planned);
    for (const [name, t] of Object.entries(tensors)) if (bound.has(t))
      memory.write(t, values[name] ? Float32Array.from(values[name]) : new Uint32Array(t.size).fill(0x7fc00000));
    const player = await Player.prepare(memory, rung.name, steps);
    player.play();
    const read = async (t: Tensor) => bound.has(t) ? await memory.read(t) : undefined;
    const got = await Promise.all(Object.keys(outputs).map(async (name) => [name, await read(tensors[name])] as const));
    player.destroy();
    memory.destroy();
    return Object.fromEntries(got);
  });
}

async function agrees(d: Convolution & reference.Dim, only?: string): Promise<void> {
  const target = targetOf((await openTestDevice()).adapter);
  const x = random(1, d.N * d.H * d.W * d.C), weight = random(2, d.R * d.S * d.D * d.K), bias = random(3, d.K);
  const dy = random(4, d.N * d.P * d.Q * d.K), pixels = d.N * d.P * d.Q, abs = (v: Float64Array) => v.map(Math.abs);
  const want = { y: reference.forward(d, x, weight, bias), ...reference.backward(d, x, weight, dy) };
  const size = {
    y: reference.forward(d, abs(x), abs(weight), abs(bias)),
    ...reference.backward(d, abs(x), abs(weight), abs(dy)),
  };
  const fits = <T extends string>(ladder: readonly Rung<Convolution, T>[]) =>
    ladder.filter((r) => r.fits(d, target) && (!only || r.name === only));
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
    const variants: Partial<Case>[] = [  // few, because each is compiled
      {}, { R: 2, S: 3, STRIDE_H: 3, STRIDE_W: 2, DILATION_W: 2 }, { C: 8, S: 4, STRIDE_W: 2 },
    ];
    const upTo = (most: number, least = 1) => fc.integer({ min: least, max: most });
    const shapes = fc.record({
      variant: fc.constantFrom(...variants), N: upTo(3), C: upTo(9), K: upTo(20),
      padding_h: upTo(3, 0), padding_w: upTo(3, 0), H: upTo(13, 5), W: upTo(13, 5),
    });
    await fc.assert(fc.asyncProperty(shapes, ({ variant, ...d }) =>
      agrees(sized({ ...control, ...d, ...variant }))), { numRuns: 30, seed: 7 });
  });

  test.each([
    { K: 6 }, { K: 12 }, { W: 10 }, { C: 8, K: 20, BIAS: 0 },
  ])("%j, with a batch normalisation folded in, and a sum behind it", async (some) => {
    const d = sized({ ...control, ...some }), target = targetOf((await openTestDevice()).adapter);
    const x = random(1, d.N * d.H * d.W * d.C), weight = random(2, d.R * d.S * d.D * d.K), bias = random(3, 2 * d.K);
    const alone = reference.forward({ ...d, BIAS: 0 } as typeof d, x, weight, new Float64Array(d.K));
    const addend = random(4, alone.length), fused = { SCALED: 1, ADDEND: 1, ACTIVATION: 1 };
    for (const rung of forward.filter((r) => r.fits(d, target))) {
      const { y } = await play(rung, d, { x, weight, bias, addend }, { y: alone.length }, fused);
      const want = alone.map((v, i) => {
        const factor = bias[i % d.K], term = bias[d.K + i % d.K];
        return Math.max(0, v * factor + term + (rung.name === "narrow" ? 0 : addend[i]));
      });
      expectClose(rung.name, y!, want, d.R * d.S * d.D);
    }
  });

  test("all their kernels were dispatched", async () => {
    const all = [
      "conv2d", "conv2d_tiled", "conv2d_tiled_input", "conv2d_tiled_weight",
      "conv2d_vec4", "conv2d_vec4_weight", "conv2d_vec2_weight", "reduce",
      "conv2d_direct", "conv2d_direct_input", "conv2d_row_input", "conv2d_direct_weight",
      "conv2d_narrow", "conv2d_narrow_weight",
    ];
    const modules = await Promise.all(all.map((name) => import(`../../src/generated/${name}.ts`) as Promise<object>));
    expect([...dispatched].sort()).toEqual(modules.flatMap((m) => Object.keys(m)).sort());
  });
});
