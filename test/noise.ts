// Small data sets for tests that train: noise, which a network learns by heart.
import { dataset, type Dataset } from "../src/data/dataset.js";

/** Bytes without a pattern: the same each time, others from another place on. */
export const bytes = (n: number, from = 0): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length: n }, (_, i) => Math.imul(i + from, 0x9e3779b1) >>> 24);

/** n images of noise. Their labels are out of order, and of all classes where there are enough of them. */
export const noise = (n: number, shape: readonly [C: number, H: number, W: number], classes = 10, from = 0): Dataset =>
  dataset({
    images: bytes(n * shape[0] * shape[1] * shape[2], from), shape, classes: [...Array(classes).keys()].map(String),
    labels: Uint8Array.from({ length: n }, (_, i) => (7 * i) % classes),
  });

/** The places of n images, one after the other. */
export const order = (n: number, from = 0): Uint32Array<ArrayBuffer> =>
  Uint32Array.from({ length: n }, (_, i) => from + i);
