import { describe, expect, test } from "vitest";
import { batch_gather } from "../../src/generated/batch.js";
import { batch_augment_gather } from "../../src/generated/batch_augment.js";
import { pack, still, type Draw } from "../reference/augment.js";
import * as reference from "../reference/batch.js";
import { expectClose, gpu, random, run, runners, threeRows } from "../support.js";

const IMAGES = 11;
const bytes = (seed: number, n: number) => Uint8Array.from(random(seed, n), (v) => (v + 1) * 128);
/** Four bytes a word, lowest first, as the shader reads them. */
const words = (values: Uint8Array) => Uint32Array.from({ length: Math.ceil(values.length / 4) },
  (_, i) => [0, 1, 2, 3].reduce((word, b) => word + (values[4 * i + b] ?? 0) * 256 ** b, 0));

const control = { N: 6, H: 3, W: 4, C: 1, P: 3, Q: 4, RESIZE: 0, mean: 0, std: 1 };
const cases: Record<string, Partial<typeof control>> = {
  "control": {},
  "images that end within a word": { H: 3, W: 3, P: 3, Q: 3 },
  "one pixel": { H: 1, W: 1, P: 1, Q: 1 },
  "one image": { N: 1 },
  "three channels": { C: 3 },
  "enlarged": { P: 7, Q: 12, RESIZE: 1 },
  "shrunk": { H: 8, W: 9, P: 3, Q: 4, RESIZE: 1 },
  "enlarged, three channels": { C: 3, P: 5, Q: 6, RESIZE: 1 },
  "normalised": { mean: 0.286, std: 0.353 },
  "normalised, three channels": { C: 3, mean: 0.4, std: 0.2 },
  "more pixels than a workgroup": { H: 15, W: 5, P: 15, Q: 5 },
  "grid folded into y": { N: 8, H: 9, W: 3, P: 9, Q: 3 },
};

function given(name: string) {
  const { mean, std, ...d } = { ...control, ...cases[name] }, E = d.H * d.W * d.C;
  const images = bytes(1, IMAGES * E), classes = bytes(2, IMAGES);
  images[E - 1] = classes[3] = 255;
  const order = Uint32Array.of(10, 3, 0, 7, 3, 9, 1, 8).subarray(0, d.N), size = d.N * d.P * d.Q * d.C;
  const own = (i: number) => 1 + (i >> 1) / 4;  // each channel its own
  const levels = Float32Array.from({ length: 2 * d.C }, (_, i) => (i % 2 ? -mean : 1 / 255) / std * own(i));
  const work = name === "grid folded into y" ? threeRows(size) : size;
  const tensors = { images: words(images), classes: words(classes), order, levels };
  return { d, images, classes, order, levels, size, work, tensors };
}

describe.each(Object.keys(cases))("batch, %s", (name) => {
  const { d, images, classes, order, levels, size, work, tensors } = given(name), sizes = { x: size, labels: d.N };
  const amount = Float64Array.of(1 + levels.reduce((a, b) => Math.max(a, Math.abs(b)), 0));

  test.each(Object.keys(runners))("agrees with its twin: %s", async (where) => {
    const want = reference.gather(d, images, classes, order, levels);
    const { x, labels } = await run(runners[where], batch_gather, tensors, sizes, { ...d }, work);
    expectClose("x", x, want.x, d.RESIZE ? 64 : 4, amount);
    expect([...labels]).toEqual([...want.labels]);
  });

  describe("batch_augment", () => {
    test.each(Object.keys(runners))("agrees with its twin: %s", async (where) => {
      const draws: Draw[] = [
        { ...still, top: 1, left: -2 },
        { ...still, flip: 1, left: 1 },
        { ...still, contrast: 1.5, grey: -80, brightness: 0.7 },
        { ...still, rows: [0, 1], columns: [1, 3] },
        { ...still, contrast: 0.4, grey: 90, brightness: 1.9 },
        { top: -1, left: 1, flip: 1, contrast: 2, grey: 3, brightness: 1.1, rows: [1, 3], columns: [0, 2] },
        still,
        { ...still, top: -9 },
      ].slice(0, d.N);
      const want = reference.gather(d, images, classes, order, levels, draws), all = { ...tensors, draws: pack(draws) };
      const { x, labels } = await run(runners[where], batch_augment_gather, all, sizes, { ...d }, work);
      expectClose("x", x, want.x, d.RESIZE ? 64 : 4, amount);
      expect([...labels]).toEqual([...want.labels]);
    });

    test("draws that change nothing leave the bits alone", async () => {
      const plain = await run(gpu, batch_gather, tensors, sizes, { ...d }, work);
      const all = { ...tensors, draws: pack(Array<Draw>(d.N).fill(still)) };
      expect(await run(gpu, batch_augment_gather, all, sizes, { ...d }, work)).toEqual(plain);
    });
  });
});
