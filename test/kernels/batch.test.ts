import { describe, expect, test } from "vitest";
import { batch_gather } from "../../src/generated/batch.js";
import * as reference from "../reference/batch.js";
import { expectClose, random, run, runners, threeRows } from "../support.js";

const IMAGES = 11;
const bytes = (seed: number, n: number) => Uint8Array.from(random(seed, n), (v) => (v + 1) * 128);
/** Four bytes a word, lowest first, as the shader reads them. */
const words = (values: Uint8Array) => Uint32Array.from({ length: Math.ceil(values.length / 4) },
  (_, i) => [0, 1, 2, 3].reduce((word, b) => word + (values[4 * i + b] ?? 0) * 256 ** b, 0));

const control = { N: 6, H: 3, W: 4, C: 1, P: 3, Q: 4, scale: 1 / 255, shift: 0, RESIZE: 0 };
const cases: Record<string, Partial<typeof control>> = {
  "control": {}, "images that end within a word": { H: 3, W: 3, P: 3, Q: 3 }, "one pixel": { H: 1, W: 1, P: 1, Q: 1 }, "one image": { N: 1 }, "three channels": { C: 3 },
  "enlarged": { P: 7, Q: 12, RESIZE: 1 }, "shrunk": { H: 8, W: 9, P: 3, Q: 4, RESIZE: 1 }, "enlarged, three channels": { C: 3, P: 5, Q: 6, RESIZE: 1 },
  "normalised": { scale: 1 / 255 / 0.353, shift: -0.286 / 0.353 }, "more pixels than a workgroup": { H: 15, W: 5, P: 15, Q: 5 }, "grid folded into y": { N: 8, H: 9, W: 3, P: 9, Q: 3 },
};

describe.each(Object.keys(cases))("batch, %s", (name) => {
  const d = { ...control, ...cases[name] }, E = d.H * d.W * d.C, images = bytes(1, IMAGES * E), classes = bytes(2, IMAGES);
  images[E - 1] = classes[3] = 255;
  const order = Uint32Array.of(10, 3, 0, 7, 3, 9, 1, 8).subarray(0, d.N), size = d.N * d.P * d.Q * d.C;

  test.each(Object.keys(runners))("agrees with its twin: %s", async (where) => {
    const given = { images: words(images), classes: words(classes), order }, want = reference.gather(d, images, classes, order);
    const { x, labels } = await run(runners[where], batch_gather, given, { x: size, labels: d.N }, { ...d }, name === "grid folded into y" ? threeRows(size) : size);
    expectClose("x", x, want.x, d.RESIZE ? 64 : 1);
    expect([...labels]).toEqual([...want.labels]);
  });
});
