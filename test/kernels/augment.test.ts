// Philox runs on the GPU only: wgsl_reflect's interpreter loses low bits of products of words.
import { describe, expect, test } from "vitest";
import { augment_draw } from "../../src/generated/augment.js";
import { draw, pack, unpack, type Draw } from "../reference/augment.js";
import { clock, gpu, random, run } from "../support.js";

const control = {
  N: 200, P: 28, Q: 28, first: 0, crop: 4, flip: 0.5, brightness: 0.2, contrast: 0.4, erase: 0.25, step: 7, seed: 42,
};
type Case = typeof control;
const order = Uint32Array.from({ length: 5000 }, (_, n) => (n * 7) % 97);
const greys = Float32Array.from(random(1, 97), (v) => 127 * (v + 1));

async function drawn(change: Partial<Case> = {}): Promise<{ got: Draw[]; want: Draw[] }> {
  const { step, seed, ...d } = { ...control, ...change };
  const dim = { ...d, flip: Math.round(d.flip * 2 ** 24), erase: Math.round(d.erase * 2 ** 24) };
  const given = { clock: clock({ step, seed }), order, greys };
  const { draws } = await run(gpu, augment_draw, given, { draws: 10 * d.N }, dim, d.N);
  return { got: unpack(draws), want: draw(dim, { step, seed }, order, greys) };
}

describe("augment", () => {
  const cases: Record<string, Partial<Case>> = {
    "control": {},
    "all at once": { flip: 1, erase: 1, crop: 27, brightness: 2, contrast: 1.5 },
    "nothing": { flip: 0, erase: 0, crop: 0, brightness: 0, contrast: 0 },
    "one image": { N: 1 },
    "one pixel": { P: 1, Q: 1, crop: 0, erase: 1 },
    "flat images": { P: 3, Q: 40, crop: 2, erase: 1 },
    "224 pixels": { P: 224, Q: 224, erase: 1 },
    "another seed, later": { seed: 0xfffffff1, step: 2 ** 31 },
  };
  test.each(Object.keys(cases))("agrees with its twin, %s", async (name) => {
    const { got, want } = await drawn(cases[name]);
    got.forEach(({ contrast, grey, brightness, ...whole }, n) => {
      const { contrast: c, grey: g, brightness: b, ...exact } = want[n];
      expect(whole).toEqual(exact);
      const close = [contrast, grey / 255, brightness].every((v, i) => Math.abs(v - [c, g / 255, b][i]) < 1e-6);
      expect(close, `image ${n}: ${contrast}, ${grey}, ${brightness}; ${c}, ${g}, ${b}`).toBe(true);
    });
    expect(pack(unpack(pack(got)))).toEqual(pack(got));
  });

  test("draws the same again, in parts of a batch too, and others by step, seed and image", async () => {
    const text = async (change: Partial<Case>) => JSON.stringify((await drawn({ contrast: 0, ...change })).got);
    const whole = await text({});
    expect(await text({})).toBe(whole);
    const parts: Draw[][] = [];
    for (const part of [{ N: 150 }, { N: 50, first: 150 }]) parts.push(JSON.parse(await text(part)));
    expect(JSON.stringify(parts.flat())).toBe(whole);
    expect(new Set([whole, await text({ step: 8 }), await text({ seed: 43 }), await text({ first: 1 })]).size).toBe(4);
    expect(new Set(JSON.parse(whole).map((d: Draw) => d.brightness)).size).toBeGreaterThan(198);
  });

  test("has the distributions of torchvision's transforms", async () => {
    const N = 5000, { got } = await drawn({ N, contrast: 1.5 });
    const mean = (of: (d: Draw) => number, among = got) => among.reduce((sum, d) => sum + of(d), 0) / among.length;
    const near = (what: string, value: number, want: number, deviation: number, n = N) =>
      expect(Math.abs(value - want) / (deviation / Math.sqrt(n)), what).toBeLessThan(5);
    for (let offset = -4; offset <= 4; offset++) for (const side of ["top", "left"] as const)
      near(`${side} ${offset}`, mean((d) => Number(d[side] === offset)), 1 / 9, Math.sqrt(8) / 9);
    near("flip", mean((d) => d.flip), 0.5, 0.5);
    near("brightness", mean((d) => d.brightness), 1, 0.4 / Math.sqrt(12));
    near("its square", mean((d) => (d.brightness - 1) ** 2), 0.04 / 3, 0.04 * Math.sqrt(4 / 45));
    near("contrast, whose lower end is 0", mean((d) => d.contrast), 1.25, 2.5 / Math.sqrt(12));
    const brightness = got.map((d) => d.brightness);
    expect(Math.min(...brightness)).toBeGreaterThanOrEqual(0.8);
    expect(Math.max(...brightness)).toBeLessThanOrEqual(1.2);
    expect(Math.min(...got.map((d) => d.contrast))).toBeGreaterThanOrEqual(0);
    near("brightness and contrast together", mean((d) => (d.brightness - 1) * (d.contrast - 1.25)), 0, 0.4 * 2.5 / 12);

    const erased = got.filter((d) => d.rows[1] > 0);
    const sides = erased.map((d) => [d.rows[1] - d.rows[0], d.columns[1] - d.columns[0]]);
    near("erase", erased.length / N, 0.25, Math.sqrt(0.25 * 0.75));
    for (const [h, w] of sides) {
      const area = h * w / 784, ratio = h / w, within = area > 0.01 && area < 0.36 && ratio > 0.2 && ratio < 5;
      if (!(h < 28 && w < 28 && within)) expect.fail(`erased ${h} × ${w}`);
    }
    const area = sides.reduce((sum, [h, w]) => sum + h * w / 784, 0) / erased.length;
    near("erased area", area, 0.175, 0.31 / Math.sqrt(12), erased.length);
    const middle = mean((d) => (d.rows[0] + d.rows[1]) / 2, erased);
    near("middle of the erased", middle, 14, 14 / Math.sqrt(3), erased.length);
    for (const d of erased) if (d.rows[1] > 28 || d.columns[1] > 28) expect.fail(JSON.stringify(d));
  });
});
