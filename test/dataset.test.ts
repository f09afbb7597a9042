import { describe, expect, test } from "vitest";
import { dataset, subset } from "../src/data/dataset.js";
import { augmentation } from "../src/data/augment.js";
import { cifarKind } from "../src/data/cifar.js";
import { planes } from "../src/data/decode.js";
import { resizeImages } from "../src/data/resize.js";
import { OptionError } from "../src/errors.js";

describe("dataset", () => {
  const two = {
    images: new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]), labels: new Uint8Array([0, 1]),
    shape: [2, 1, 2] as const, classes: ["a", "b"],
  };
  test("takes pixels apart by channel; grey is torchvision's mean of three, and of a grey pixel its value", () => {
    const pixels = { width: 2, height: 1, data: Uint8Array.of(200, 100, 50, 255, 7, 7, 7, 0) };
    expect([...planes(pixels, 3, (v) => v)]).toEqual([200, 7, 100, 7, 50, 7]);
    expect([...planes(pixels, 1, (v) => v)]).toEqual([124, 7]);
    expect([...planes(pixels, 1, (v) => v.map((x) => x + 0.7))]).toEqual([125, 8]);
  });
  test("resizes each plane, rows and columns apart, between the middles of pixels", () => {
    const planes = Float32Array.of(0, 4, 8, 12, 16, 20, 1, 1, 1, 1, 1, 1);
    expect([...resizeImages(planes, [2, 2, 3], [4, 3])]).toEqual([
      0, 4, 8, 3, 7, 11, 9, 13, 17, 12, 16, 20, ...Array<number>(12).fill(1),
    ]);
    expect([...resizeImages(planes, [2, 2, 3], [1, 6])].slice(0, 6)).toEqual([6, 7, 9, 11, 13, 14]);
  });
  test("tells an image's mean grey where contrast needs it, and nowhere else", () => {
    const data = dataset({ ...two, shape: [1, 2, 2] }), images = Uint8Array.of(200, 100, 50, 7, 7, 7);
    const colours = dataset({ ...two, shape: [3, 1, 1], images });
    const greys = (options: object, of = data) =>
      [...augmentation(options)!.greys(of)].map((v) => Math.round(10 * v) / 10);
    expect([greys({ contrast: 0.5 }), greys({ brightness: 0.5 })]).toEqual([[2.5, 6.5], [0, 0]]);
    expect(greys({ contrast: 0.5 }, colours)).toEqual([124.2, 7]);
  });
  test("tells CIFAR-10 from CIFAR-100 by size and, where both fit, by name", () => {
    const both = 3073 * 3074;
    expect([[3073 * 2, "x.bin"], [3074 * 2, "x.bin"], [both, "data_batch_1.bin"], [both, "train.bin"]]
      .map(([size, name]) => cifarKind(size as number, name as string))).toEqual([10, 100, 10, 100]);
  });
  test("puts channels last, and takes a part without copying", () => {
    expect([...dataset(two).images]).toEqual([1, 3, 2, 4, 5, 7, 6, 8]);
    const data = dataset({ ...two, order: "NHWC" }), first = subset(data, 1);
    expect(data.images.buffer).toBe(two.images.buffer);
    expect(first).toEqual({ ...data, size: 1, images: Uint8Array.of(1, 2, 3, 4), labels: Uint8Array.of(0) });
    expect(first.classes).toEqual(["a", "b"]);
    expect(first.images.buffer).toBe(two.images.buffer);
    for (const count of [0, 1.5, 3])
      expect(() => subset(data, count)).toThrow(`takes 1 to 2 images of this set, not ${count}`);
  });
  test("says what does not fit", () => {
    expect(() => dataset({ ...two, labels: new Uint8Array([0, 2]) })).toThrow(/label 2 at index 1, but 2 classes/);
    expect(() => dataset({ ...two, labels: new Uint8Array([2, 0]) })).toThrow(/label 2 at index 0/);
    expect(() => dataset({ ...two, order: "CHW" as never })).toThrow('order is "NCHW" or "NHWC", not "CHW"');
    expect(dataset({ ...two, classes: Array(256).fill("a") }).classes).toHaveLength(256);
    expect(() => dataset({ ...two, labels: new Uint8Array(3) }))
      .toThrow(/3 labels go with 3 images of \[2, 1, 2\] = 12 bytes, got 8 bytes, which is 2 images/);
    expect(() => dataset({ ...two, shape: [2, 1.5, 2] })).toThrow(OptionError);
    expect(() => dataset({ ...two, images: new Float32Array(8) as unknown as Uint8Array })).toThrow(/got Float32Array/);
    expect(() => dataset({ ...two, labels: new Uint8Array(0), images: new Uint8Array(0) })).toThrow(/at least one/);
    expect(() => dataset({ ...two, classes: [] })).toThrow(/1 to 256 of them, for a label is one byte; got 0/);
  });
});
