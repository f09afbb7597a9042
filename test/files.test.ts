// Data sets from files of a drop in a page: CIFAR's records and IDX pairs.
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cifarClasses, parseCifar } from "../src/data/cifar.js";
import { fromFiles } from "../src/data/files.js";
import { FormatError, OptionError } from "../src/errors.js";

const record = (labels: number[], seed: number) =>
  [...labels, ...Array.from({ length: 3072 }, (_, i) => (i * 7 + seed) & 255)];
const cifar10 = (...labels: number[]) => Uint8Array.from(labels.flatMap((label, i) => record([label], i)));
const idx = (shape: number[], data: ArrayLike<number>) =>
  new Uint8Array([0, 0, 8, shape.length, ...shape.flatMap((n) => [0, 0, n >> 8, n & 255]), ...Array.from(data)]);
const file = (path: string, bytes: Uint8Array<ArrayBuffer>) => Object.defineProperty(
  new File([bytes], path.slice(path.lastIndexOf("/") + 1)),
  "webkitRelativePath", { value: path.includes("/") ? path : "" });
const refused = async (files: File[], why: RegExp | string) => {
  await expect(fromFiles(files)).rejects.toThrow(FormatError);
  await expect(fromFiles(files)).rejects.toThrow(why);
};

describe("CIFAR", () => {
  test("labels and planes, of 10 and, the fine ones, of 100", () => {
    const { images, labels } = parseCifar(cifar10(3, 9), 10, "x.bin");
    expect([[...labels], images.length, ...images.subarray(3070, 3076)])
      .toEqual([[3, 9], 6144, (3070 * 7) & 255, (3071 * 7) & 255, 1, 8, 15, 22]);
    const fine = parseCifar(Uint8Array.from([...record([19, 99], 5), ...record([0, 1], 6)]), 100, "x.bin");
    expect([[...fine.labels], fine.images[0], fine.images[3072]]).toEqual([[99, 1], 5, 6]);
  });
  test("the names of the classes", () => {
    const [few, many] = [cifarClasses[10], cifarClasses[100]];
    expect([few.length, many.length, new Set(many).size]).toEqual([10, 100, 100]);
    for (const names of Object.values(cifarClasses)) expect([...names].sort()).toEqual(names);
  });
  test.each<[string, Uint8Array, 10 | 100, RegExp]>([
    ["empty", new Uint8Array(0), 10, /x\.bin: 0 bytes are less than one record of CIFAR-10, which take 3073 each/],
    ["cut short", cifar10(1, 2).subarray(1), 10, /6145 bytes are no whole number of records/],
    ["label 10", cifar10(1, 10), 10, /record 1 has label 10, and CIFAR-10 has labels 0 to 9/],
    ["coarse label 20", Uint8Array.from(record([20, 1], 0)), 100, /label 20, and CIFAR-100 has labels 0 to 19 there/],
    ["fine label 100", Uint8Array.from(record([1, 100], 0)), 100, /labels 0 to 99 there/],
  ])("refuses: %s", (_, bytes, kind, why) => {
    expect(() => parseCifar(bytes, kind, "x.bin")).toThrow(FormatError);
    expect(() => parseCifar(bytes, kind, "x.bin")).toThrow(why);
  });
  test("any bytes: all images or a FormatError", () => {
    const seen = new Set<string>();
    fc.assert(fc.property(
      fc.array(fc.tuple(fc.nat(11), fc.nat(100)), { maxLength: 3 }), fc.constantFrom(0, 0, 0, 1),
      fc.constantFrom<10 | 100>(10, 100), (labels, more, kind) => {
        const records = labels.flatMap(([few, many], i) => record(kind === 10 ? [few] : [few, many], i));
        const outcome = () => {
          try { return parseCifar(Uint8Array.from([...records, ...Array(more).fill(0)]), kind, "x"); } catch (e) {
            if (!(e instanceof FormatError)) throw e;
            return undefined;
          }
        }, found = outcome(), whole = labels.length > 0 && !more;
        const fits = labels.every(([few, many]) => kind === 10 ? few < 10 : many < 100);
        seen.add(`${whole} ${fits}`);
        expect(found?.images.length).toBe(whole && fits ? 3072 * labels.length : undefined);
      }), { numRuns: 200, seed: 1 });
    expect(seen.size).toBe(4);
  });
});

describe("files of a drop", () => {
  test("CIFAR-10: batches joined in order, channels last, test apart", async () => {
    const { train, test, name } = await fromFiles([
      file("c/data_batch_2.bin", cifar10(7)), file("c/test_batch.bin", cifar10(4)),
      file("c/data_batch_1.bin", cifar10(1, 2)), file("c/readme.html", new Uint8Array(9)),
    ]);
    expect([[...train.labels], [...test.labels], name, train.shape, train.classes[1]])
      .toEqual([[1, 2, 7], [4], "CIFAR-10", [3, 32, 32], "automobile"]);
    expect([...train.images.subarray(0, 6)])
      .toEqual([0, 1024 * 7 & 255, 2048 * 7 & 255, 7, (1025 * 7) & 255, (2049 * 7) & 255]);
  });
  test("the test set is in files whose first word says so", async () => {
    const names = ["test_batch.bin", "Test2.bin", "t10k.bin", "val.bin", "validation-1.bin", "testing.bin"];
    const others = ["value.bin", "tested.bin", "contest.bin", "train.bin"];
    const { train, test } = await fromFiles([...names, ...others].map((name, i) => file(name, cifar10(i))));
    expect([[...train.labels].sort(), [...test.labels].sort()]).toEqual([[6, 7, 8, 9], [0, 1, 2, 3, 4, 5]]);
  });
  test("IDX pairs, gzipped or not, by their names; a test set is held out if there is none", async () => {
    const bytes = Array.from({ length: 60 }, (_, i) => i), labels = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0];
    const train = [
      file("train-images-idx3-ubyte", idx([10, 2, 3], bytes)),
      file("train-labels-idx1-ubyte.gz", Uint8Array.from(gzipSync(idx([10], labels)))),
    ];
    const own = [
      file("t10k-images-idx3-ubyte", idx([1, 2, 3], [9, 8, 7, 6, 5, 4])),
      file("t10k-labels-idx1-ubyte", idx([1], [3])),
    ];
    const both = await fromFiles([...own, ...train]), held = await fromFiles(train, { holdOut: 0.3, name: "mine" });
    expect([both.train.size, both.test.size, both.train.shape, both.test.classes])
      .toEqual([10, 1, [1, 2, 3], ["0", "1", "2", "3"]]);
    expect([held.train.size, held.test.size, held.name]).toEqual([7, 3, "mine"]);
    expect([...held.train.images, ...held.test.images].sort((a, b) => a - b)).toEqual(bytes);
    for (const half of [held.train, held.test])
      half.labels.forEach((label, n) => expect(label).toBe(half.images[6 * n] / 6 % 3));
    const colours = await fromFiles([
      file("images.idx", idx([4, 3, 1, 2], bytes.slice(0, 24))), file("labels.idx", idx([4], labels.slice(0, 4))),
    ], { holdOut: 0.5 });
    expect(colours.train.shape).toEqual([3, 1, 2]);
    await refused([file("a.idx", idx([2, 2], [1, 2, 3, 4]))], "a.idx: a rank of 2 is neither labels [N] nor images");
    await refused(train.slice(0, 1), "the train set has images and no labels");
    await refused(own, "there are test files, and none to train on");
    const one = idx([1, 1, 1], [1]);
    await refused([...train, file("more-images-idx3-ubyte", one)], "a second file of images for the same set");
    await refused([...train, file("test-images.idx", one), file("test-labels.idx", idx([1], [1]))],
      "those of the test set [1, 1, 1]; choose files of one data set");
  });
  test("what is nothing, or too much, is refused; a share that is none, too", async () => {
    await refused([file("a.txt", new Uint8Array(1))], "none of the files (1) is of a kind that is known");
    await refused([file("data_batch_1.bin", cifar10(1)), file("x/y.png", new Uint8Array(1))],
      "files of CIFAR (data_batch_1.bin) and of images (y.png)");
    await refused([file("a.bin", new Uint8Array(5))], "of neither CIFAR-10 (3073 bytes each) nor CIFAR-100 (3074)");
    await refused([file("a.bin", cifar10(1)), file("b.bin", Uint8Array.from(record([1, 2], 3)))],
      "b.bin is of CIFAR-100, and files before it of CIFAR-10");
    await refused([file("a.bin", cifar10(1))], "1 images are too few to hold 20 % out");
    await refused([file("y.png", new Uint8Array(1))], "y.png lies in no folder");
    await expect(fromFiles([], { holdOut: 1 })).rejects.toThrow(OptionError);
    await expect(fromFiles([file("x/y.png", new Uint8Array(1))], { channels: 2 as never })).rejects
      .toThrow("channels is 1 or 3, not 2");
    await expect(fromFiles([], { holdout: 0.1 } as object)).rejects
      .toThrow("a data set of files takes { size, channels, holdOut, name }, not holdout");
    await expect(fromFiles([file("x/y.png", new Uint8Array(1))])).rejects
      .toThrow('no browser here to unpack images; in Node use fromFolder() of "convoy-gpu/node"');
  });
});
