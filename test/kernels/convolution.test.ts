import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { targetOf } from "../../src/gpu/device.js";
import { Recorder, tensor, type Rung, type Tensor } from "../../src/gpu/recorder.js";
import * as ladders from "../../src/layers/convolution.js";
import * as reference from "../reference/conv2d.js";
import { expectClose, openTestDevice, random } from "../support.js";
import { cases, control, sized, type Case } from "./convolution_cases.js";
import { agrees, dispatched, play } from "./convolution_rungs.js";

// Every rung of the ladders in src/layers/convolution.ts, forced, against the twin.
describe("every rung of a convolution agrees with the twin", () => {
  beforeAll(() => dispatched.clear());

  test.each(Object.keys(cases))("%s", (name) => agrees(sized({ ...control, ...cases[name] }), ladders));

  test("any extents", async () => {
    const variants: [most: number, Partial<Case>][] = [  // few, as each is compiled: tiles only of 16 filters and more
      [20, {}], [20, { R: 2, S: 3, STRIDE_H: 3, STRIDE_W: 2, DILATION_W: 2 }], [15, { C: 8, S: 4, STRIDE_W: 2 }],
    ];
    const upTo = (most: number, least = 1) => fc.integer({ min: least, max: most });
    const shapes = fc.record({
      variant: fc.constantFrom(...variants), N: upTo(3), C: upTo(9), K: upTo(20),
      padding_h: upTo(3, 0), padding_w: upTo(3, 0), H: upTo(13, 5), W: upTo(13, 5),
    });
    await fc.assert(fc.asyncProperty(shapes, ({ variant: [most, variant], K, ...d }) =>
      agrees(sized({ ...control, ...d, ...variant, K: (K - 1) % most + 1 }), ladders)), { numRuns: 30, seed: 7 });
  });

  test.each([
    { K: 6 }, { K: 12 }, { W: 10 }, { C: 8, K: 20, BIAS: 0 },
  ])("%j, with a batch normalisation folded in, and a sum behind it", async (some) => {
    const d = sized({ ...control, ...some }), target = targetOf((await openTestDevice()).adapter);
    const x = random(1, d.N * d.H * d.W * d.C), weight = random(2, d.R * d.S * d.D * d.K), bias = random(3, 2 * d.K);
    const alone = reference.forward({ ...d, BIAS: 0 } as typeof d, x, weight, new Float64Array(d.K));
    const addend = random(4, alone.length), fused = { SCALED: 1, ADDEND: 1, ACTIVATION: 1 };
    for (const rung of ladders.forwardLadder.filter((r) => r.fits(d, target))) {
      const { y } = await play(rung, d, { x, weight, bias, addend }, { y: alone.length }, fused);
      const want = alone.map((v, i) => {
        const factor = bias[i % d.K], term = bias[d.K + i % d.K];
        return Math.max(0, v * factor + term + (rung.name === "narrow" ? 0 : addend[i]));
      });
      expectClose(rung.name, y!, want, d.R * d.S * d.D);
    }
  });

  test.each([
    { C: 8 }, { C: 17, K: 20, STRIDE_H: 2, STRIDE_W: 2 },
  ])("%j, gradients with a sum and a slope behind them, or with what `fused` names of these", async (some) => {
    const d = sized({ ...control, ...some }), target = targetOf((await openTestDevice()).adapter);
    const weight = random(2, d.R * d.S * d.D * d.K), dy = random(4, d.N * d.P * d.Q * d.K);
    const size = d.N * d.H * d.W * d.C, addend = random(5, size), z = random(6, size);
    const alone = reference.backward(d, z, weight, dy).dx;
    for (const rung of ladders.inputLadder.filter((r) => r.fits(d, target)))
      for (const fused of rung.name === "direct" || rung.name === "row" ? [0, 1, 2, 3] : [3]) {
        const parts = { ADDEND: 1, SLOPE: 1, fused };
        const { dx } = await play(rung, d, { weight, dy, addend, z }, { dx: size }, parts);
        const want = alone.map((v, i) => fused & 2 && z[i] <= 0 ? 0 : v + (fused & 1 ? addend[i] : 0));
        expectClose(`${rung.name}, fused ${fused}`, dx!, want, d.R * d.S * d.K);
      }
  });

  /** The rungs of a ladder that fit and have such a param. */
  async function having<T extends string>(
    ladder: readonly Rung<ladders.Convolution, T>[], d: ladders.Convolution, param: string,
  ) {
    const target = targetOf((await openTestDevice()).adapter), some = tensor("", [4]);
    return ladder.filter((rung) => {
      const rec = new Recorder(target);
      if (rung.fits(d, target)) rung.record(rec, new Proxy({}, { get: () => some }) as Record<T, Tensor>, d);
      return param in (rec.steps[0]?.kernel.params ?? {});
    });
  }

  test("y is written, and dy read, amid the channels of a concatenation", async () => {
    const d = sized({ ...control, ...cases["tiles of other shapes"] }), pixels = d.N * d.P * d.Q, wide = d.K + 12;
    const x = random(1, d.N * d.H * d.W * d.C), weight = random(2, d.R * d.S * d.D * d.K), bias = random(3, d.K);
    const around = random(4, pixels * wide), at = { y_pitch: wide, y_offset: 4, dy_pitch: wide, dy_offset: 4 };
    /** Its own channels of a concatenation. */
    const cut = (v: ArrayLike<number>) =>
      Float64Array.from({ length: pixels * d.K }, (_, i) => v[Math.floor(i / d.K) * wide + 4 + i % d.K]);
    const y = reference.forward(d, x, weight, bias), want = reference.backward(d, x, weight, cut(around));
    const looked: string[] = [];
    for (const rung of await having(ladders.forwardLadder, d, "y_pitch")) {
      const got = await play(rung, d, { x, weight, bias }, { y: pixels * wide }, at);
      looked.push(`${rung.name} forward`);
      expectClose(`${rung.name} y`, Float32Array.from(cut(got.y!)), y, 9 * d.C);
      expect(got.y!.filter((v) => Number.isNaN(v)), `${rung.name}, others' channels`).toHaveLength(12 * pixels);
    }
    for (const rung of await having(ladders.inputLadder, d, "dy_pitch")) {
      const got = await play(rung, d, { weight, dy: around }, { dx: x.length }, at);
      looked.push(`${rung.name} input`);
      expectClose(`${rung.name} dx`, got.dx!, want.dx, 9 * d.K);
    }
    for (const rung of await having(ladders.weightLadder, d, "dy_pitch")) {
      const got = await play(rung, d, { x, dy: around }, { dweight: weight.length, dbias: d.K }, at);
      looked.push(`${rung.name} weight`);
      expectClose(`${rung.name} dweight`, got.dweight!, want.dweight, pixels);
      expectClose(`${rung.name} dbias`, got.dbias!, want.dbias, pixels);
    }
    expect(looked).toEqual([
      "vec4 forward", "direct forward", "tiled forward", "direct input", "tiled input",
      "vec2 weight", "vec4 weight", "direct weight", "tiled weight",
    ]);
  });

  test("a dropout behind every rung drops the same elements, and scales the others", async () => {
    const d = sized({ ...control, ...cases["tiles of other shapes"] }), p = 0.25, masks: Record<string, string> = {};
    const x = random(1, d.N * d.H * d.W * d.C), weight = random(2, d.R * d.S * d.D * d.K), bias = random(3, d.K);
    const alone = reference.forward(d, x, weight, bias);
    const fused = { DROP: 1, stream: 3, threshold: p * 2 ** 24, scale: 1 / (1 - p) };
    for (const rung of await having(ladders.forwardLadder, d, "stream")) {
      const { y } = await play(rung, d, { x, weight, bias }, { y: alone.length }, fused);
      expectClose(rung.name, y!, alone.map((v, i) => y![i] && v / (1 - p)), 9 * d.C);
      masks[rung.name] = [...y!].map((v) => Number(v !== 0)).join("");
    }
    expect(Object.keys(masks)).toEqual(["vec4", "direct", "tiled"]);
    expect(new Set(Object.values(masks)).size).toBe(1);
    expect(masks.tiled.match(/0/g)!.length / alone.length).toBeCloseTo(p, 1);
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
