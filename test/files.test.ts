// Data sets from files: CIFAR's records, IDX pairs and images in folders, from a drop in a page and from a disk.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import jpeg from "jpeg-js";
import { afterAll, describe, expect, test, vi } from "vitest";
import { cifarClasses, parseCifar } from "../src/data/cifar.js";
import { fromFiles } from "../src/data/files.js";
import { ConvoyError, FormatError, OptionError } from "../src/errors.js";
import { stateDict } from "../src/index.js";
import { fromFolder } from "../src/node/folder.js";
import { parse, type TrainCommand } from "../src/node/options.js";
import { Terminal } from "../src/node/terminal.js";
import { trainCommand } from "../src/node/trainCommand.js";

const record = (labels: number[], seed: number) => [...labels, ...Array.from({ length: 3072 }, (_, i) => (i * 7 + seed) & 255)];
const cifar10 = (...labels: number[]) => Uint8Array.from(labels.flatMap((label, i) => record([label], i)));
const idx = (shape: number[], data: ArrayLike<number>) => new Uint8Array([0, 0, 8, shape.length, ...shape.flatMap((n) => [0, 0, n >> 8, n & 255]), ...Array.from(data)]);
const file = (path: string, bytes: Uint8Array<ArrayBuffer>) => Object.defineProperty(new File([bytes], path.slice(path.lastIndexOf("/") + 1)), "webkitRelativePath", { value: path.includes("/") ? path : "" });
const refused = async (files: File[], why: RegExp | string) => {
  await expect(fromFiles(files)).rejects.toThrow(FormatError);
  await expect(fromFiles(files)).rejects.toThrow(why);
};

describe("CIFAR", () => {
  test("labels and planes, of 10 and, the fine ones, of 100", () => {
    const { images, labels } = parseCifar(cifar10(3, 9), 10, "x.bin");
    expect([[...labels], images.length, ...images.subarray(3070, 3076)]).toEqual([[3, 9], 6144, (3070 * 7) & 255, (3071 * 7) & 255, 1, 8, 15, 22]);
    const fine = parseCifar(Uint8Array.from([...record([19, 99], 5), ...record([0, 1], 6)]), 100, "x.bin");
    expect([[...fine.labels], fine.images[0], fine.images[3072]]).toEqual([[99, 1], 5, 6]);
  });
  test("the names of the classes", () => {
    expect([cifarClasses[10].length, cifarClasses[100].length, new Set(cifarClasses[100]).size]).toEqual([10, 100, 100]);
    for (const names of Object.values(cifarClasses)) expect([...names].sort()).toEqual(names);
  });
  test.each<[string, Uint8Array, 10 | 100, RegExp]>([
    ["empty", new Uint8Array(0), 10, /x\.bin: 0 bytes are less than one record of CIFAR-10, which take 3073 each/], ["cut short", cifar10(1, 2).subarray(1), 10, /6145 bytes are no whole number of records/],
    ["label 10", cifar10(1, 10), 10, /record 1 has label 10, and CIFAR-10 has labels 0 to 9/], ["coarse label 20", Uint8Array.from(record([20, 1], 0)), 100, /label 20, and CIFAR-100 has labels 0 to 19 there/],
    ["fine label 100", Uint8Array.from(record([1, 100], 0)), 100, /labels 0 to 99 there/],
  ])("refuses: %s", (_, bytes, kind, why) => {
    expect(() => parseCifar(bytes, kind, "x.bin")).toThrow(FormatError);
    expect(() => parseCifar(bytes, kind, "x.bin")).toThrow(why);
  });
  test("any bytes: a result or a FormatError", () => fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), fc.constantFrom<10 | 100>(10, 100), (bytes, kind) => {
    try { parseCifar(bytes, kind, "x"); } catch (e) { if (!(e instanceof FormatError)) throw e; }
  })));
});

describe("files of a drop", () => {
  test("CIFAR-10: batches joined in order, channels last, test apart", async () => {
    const { train, test, name } = await fromFiles([file("c/data_batch_2.bin", cifar10(7)), file("c/test_batch.bin", cifar10(4)), file("c/data_batch_1.bin", cifar10(1, 2)), file("c/readme.html", new Uint8Array(9))]);
    expect([[...train.labels], [...test.labels], name, train.shape, train.classes[1]]).toEqual([[1, 2, 7], [4], "CIFAR-10", [3, 32, 32], "automobile"]);
    expect([...train.images.subarray(0, 6)]).toEqual([0, 1024 * 7 & 255, 2048 * 7 & 255, 7, (1025 * 7) & 255, (2049 * 7) & 255]);
  });
  test("IDX pairs, gzipped or not, by their names; a test set is held out if there is none", async () => {
    const train = [file("train-images-idx3-ubyte", idx([10, 2, 3], Array.from({ length: 60 }, (_, i) => i))), file("train-labels-idx1-ubyte.gz", Uint8Array.from(gzipSync(idx([10], [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]))))];
    const own = [file("t10k-images-idx3-ubyte", idx([1, 2, 3], [9, 8, 7, 6, 5, 4])), file("t10k-labels-idx1-ubyte", idx([1], [3]))];
    const both = await fromFiles([...own, ...train]), held = await fromFiles(train, { holdOut: 0.3, name: "mine" });
    expect([both.train.size, both.test.size, both.train.shape, both.test.classes]).toEqual([10, 1, [1, 2, 3], ["0", "1", "2", "3"]]);
    expect([held.train.size, held.test.size, held.name]).toEqual([7, 3, "mine"]);
    expect([...held.train.images, ...held.test.images].sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, i) => i));
    for (const half of [held.train, held.test]) half.labels.forEach((label, n) => expect(label).toBe(half.images[6 * n] / 6 % 3));
    await refused(train.slice(0, 1), "the train set has images and no labels");
    await refused(own, "there are test files, and none to train on");
    await refused([...train, file("more-images-idx3-ubyte", idx([1, 1, 1], [1]))], "a second file of images for the same set");
    await refused([...train, ...[file("test-images.idx", idx([1, 1, 1], [1])), file("test-labels.idx", idx([1], [1]))]], "those of the test set [1, 1, 1]; choose files of one data set");
  });
  test("what is nothing, or too much, is refused; a share that is none, too", async () => {
    await refused([file("a.txt", new Uint8Array(1))], "none of the files (1) is of a kind that is known");
    await refused([file("data_batch_1.bin", cifar10(1)), file("x/y.png", new Uint8Array(1))], "files of CIFAR (data_batch_1.bin) and of images (y.png)");
    await refused([file("a.bin", new Uint8Array(5))], "of neither CIFAR-10 (3073 bytes each) nor CIFAR-100 (3074)");
    await refused([file("a.bin", cifar10(1)), file("b.bin", Uint8Array.from(record([1, 2], 3)))], "b.bin is of CIFAR-100, and files before it of CIFAR-10");
    await refused([file("a.bin", cifar10(1))], "1 images are too few to hold 20 % out");
    await refused([file("y.png", new Uint8Array(1))], "y.png lies in no folder");
    await expect(fromFiles([], { holdOut: 1 })).rejects.toThrow(OptionError);
    await expect(fromFiles([file("x/y.png", new Uint8Array(1))])).rejects.toThrow('no browser here to unpack images; in Node use fromFolder() of "convoy-gpu/node"');
  });
});

describe("folders", () => {
  const folder = mkdtempSync(join(tmpdir(), "convoy-files-")), { PNG } = createRequire(import.meta.url)("pngjs") as { PNG: { sync: { write(image: object): Buffer } } };
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const put = (path: string, bytes: Uint8Array) => { mkdirSync(dirname(join(folder, path)), { recursive: true }); writeFileSync(join(folder, path), bytes); };
  const pixels = (width: number, height: number, rgb: number[]) => ({ width, height, data: Buffer.from(Array.from({ length: width * height }, (_, i) => [rgb[0] + i, rgb[1], rgb[2], 255]).flat()) });
  const png = (...of: Parameters<typeof pixels>) => PNG.sync.write(pixels(...of));

  test("PNG and JPEG, a folder a class, train and test apart, in mixed order", async () => {
    for (let i = 0; i < 6; i++) { put(`one/train/cat/${i}.png`, png(3, 2, [10 * i, 100, 200])); put(`one/train/dog/${i}.PNG`, png(3, 2, [10 * i, 50, 0])); }
    put("one/test/dog/x.jpg", jpeg.encode({ ...pixels(3, 2, [90, 90, 90]), data: Buffer.alloc(24, 90) }, 95).data);
    put("one/test/dog/.hidden.png", new Uint8Array(3));
    const { train, test, name, source } = await fromFolder(join(folder, "one"));
    expect([train.size, test.size, train.shape, train.classes, name, source]).toEqual([12, 1, [3, 2, 3], ["cat", "dog"], "2 classes of images", join(folder, "one")]);
    expect(new Set(train.labels.subarray(0, 6)).size).toBe(2);
    train.labels.forEach((label, n) => expect([...train.images.subarray(18 * n + 1, 18 * n + 3)]).toEqual(label ? [50, 0] : [100, 200]));
    expect([...train.images.subarray(0, 18)].filter((_, i) => i % 3 === 0).map((v, i, all) => v - all[0] - i)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(Math.max(...test.images.map((v) => Math.abs(v - 90)))).toBeLessThan(4);
    expect(await fromFolder(join(folder, "one"))).toEqual({ train, test, name, source });
  });
  test("sizes that differ take a size; grey takes one channel", async () => {
    for (let i = 0; i < 5; i++) put(`two/test-images/a/${i}.png`, png(2 + i, 2, [40, 40, 40]));
    await expect(fromFolder(join(folder, "two"))).rejects.toThrow(/ × \d pixels, and other images .+; say what size all shall have: size/);
    const { train, test } = await fromFolder(join(folder, "two"), { size: [4, 1], channels: 1 });
    expect([train.shape, train.size, test.size, train.images.length]).toEqual([[1, 4, 1], 4, 1, 16]);
    await expect(fromFolder(join(folder, "two"), { size: 0 })).rejects.toThrow(OptionError);
  });
  test("IDX files of the package; damaged images, a package that is not there, no folder", async () => {
    const { train, test } = await fromFolder("src/data/fashion-mnist");
    expect([train.size, test.size, train.shape]).toEqual([10_000, 2000, [1, 28, 28]]);
    put("bad/a/x.png", readFileSync(join(folder, "one/train/cat/1.png")).subarray(0, 60));
    await expect(fromFolder(join(folder, "bad"))).rejects.toThrow(/^a\/x.png: damaged \(/);
    const huge = Buffer.from(png(1, 1, [1, 2, 3]));
    huge.writeUInt32BE(100_000, 16); huge.writeUInt32BE(100_000, 20);
    put("bad/a/x.png", huge);
    await expect(fromFolder(join(folder, "bad"))).rejects.toThrow("a/x.png: promises 10,000,000,000 pixels");
    put("bad/a/x.png", Buffer.from("GIF89a"));
    await expect(fromFolder(join(folder, "bad"))).rejects.toThrow("a/x.png: neither PNG nor JPEG");
    await expect(fromFolder(join(folder, "none"))).rejects.toThrow("is no folder");
    put("bad/a/x.png", png(1, 1, [1, 2, 3]));
    vi.doMock("pngjs", () => { throw new Error("not found"); });
    await expect(fromFolder(join(folder, "bad"))).rejects.toThrow(ConvoyError);
    await expect(fromFolder(join(folder, "bad"))).rejects.toThrow("a/x.png: unpacking it takes the package pngjs; npm install pngjs");
    vi.doUnmock("pngjs");
  });
  test("the command line trains on a folder: three channels, as many classes as it has", { timeout: 60_000 }, async () => {
    for (const [name, n] of [["train.bin", 24], ["test.bin", 4]] as const)
      put(`cifar/${name}`, Uint8Array.from({ length: n * 3074 }, (_, i) => i % 3074 === 0 ? 7 : i % 3074 === 1 ? i % 100 : i * 13));
    const own = join(folder, "cifar"), output = join(folder, "w.safetensors"), said: string[] = [];
    const command = parse(["train", "lenet", "--data", own, "--batch", "8", "--epochs", "1", "--output", output]) as TrainCommand;
    expect(await trainCommand(command, new Terminal({ write: (text) => said.push(text) }, 0), { asked: false })).toBe(0);
    for (const told of [`Data: CIFAR-100, out of ${own}: trained on 24 images, tested on 4\n`, "of 4 images\n", "✗ "]) expect(said.join("")).toContain(told);
    const tensors = stateDict(readFileSync(output));
    expect([tensors.get("0.weight")!.shape, tensors.get("11.bias")!.shape]).toEqual([[6, 3, 5, 5], [100]]);
  });
});
