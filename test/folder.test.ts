// Data sets from folders of a disk: images, IDX files, and CIFAR's records by way of the command line.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import jpeg from "jpeg-js";
import { afterAll, describe, expect, test, vi } from "vitest";
import { ConvoyError } from "../src/errors.js";
import { readSafetensors, stateDict } from "../src/index.js";
import { fromFolder } from "../src/node/folder.js";
import { parse, type TrainCommand } from "../src/node/options.js";
import { Terminal } from "../src/node/terminal.js";
import { trainCommand } from "../src/node/trainCommand.js";

describe("folders", () => {
  interface Pngjs { PNG: { sync: { write(image: object): Buffer } } }
  const folder = mkdtempSync(join(tmpdir(), "convoy-files-"));
  const { PNG } = createRequire(import.meta.url)("pngjs") as Pngjs;
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const put = (path: string, bytes: Uint8Array) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  };
  const pixels = (width: number, height: number, [r, g, b]: number[]) => ({
    width, height,
    data: Buffer.from(Array.from({ length: width * height }, (_, i) => [r + i, g, b, 255]).flat()),
  });
  const png = (...of: Parameters<typeof pixels>) => PNG.sync.write(pixels(...of));

  test("PNG and JPEG, a folder a class, train and test apart, in mixed order", async () => {
    for (let i = 0; i < 6; i++) {
      put(`one/train/cat/${i}.png`, png(3, 2, [10 * i, 100, 200]));
      put(`one/train/dog/${i}.PNG`, png(3, 2, [10 * i, 50, 0]));
    }
    put("one/test/dog/x.jpg", jpeg.encode({ ...pixels(3, 2, [90, 90, 90]), data: Buffer.alloc(24, 90) }, 95).data);
    put("one/test/dog/.hidden.png", new Uint8Array(3));
    const { train, test, name, source } = await fromFolder(join(folder, "one"));
    expect([train.size, test.size, train.shape, train.classes, name, source])
      .toEqual([12, 1, [3, 2, 3], ["cat", "dog"], "2 classes of images", join(folder, "one")]);
    expect(new Set(train.labels.subarray(0, 6)).size).toBe(2);
    train.labels.forEach((label, n) => {
      expect([...train.images.subarray(18 * n + 1, 18 * n + 3)]).toEqual(label ? [50, 0] : [100, 200]);
    });
    const reds = [...train.images.subarray(0, 18)].filter((_, i) => i % 3 === 0);
    expect(reds.map((v, i) => v - reds[0] - i)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(Math.max(...test.images.map((v) => Math.abs(v - 90)))).toBeLessThan(4);
    expect(await fromFolder(join(folder, "one"))).toEqual({ train, test, name, source });
  });
  test("sizes that differ take a size; grey takes one channel", async () => {
    for (let i = 0; i < 5; i++) put(`two/test-images/a/${i}.png`, png(2 + i, 2, [40, 40, 40]));
    await expect(fromFolder(join(folder, "two"))).rejects
      .toThrow(/ × \d pixels, and other images .+; say what size all shall have: size/);
    const { train, test } = await fromFolder(join(folder, "two"), { size: [4, 1], channels: 1 });
    expect([train.shape, train.size, test.size, train.images.length]).toEqual([[1, 4, 1], 4, 1, 16]);
    for (const size of [0, "8", [8], null] as never[])
      await expect(fromFolder(join(folder, "two"), { size })).rejects.toThrow(/^size is an integer of at least 1/);
  });
  test("IDX files of the package; damaged images, a package that is not there, no folder", async () => {
    const { train, test } = await fromFolder("src/data/fashion-mnist");
    expect([train.size, test.size, train.shape]).toEqual([10_000, 2000, [1, 28, 28]]);
    put("bad/a/x.png", png(3, 2, [10, 100, 200]).subarray(0, 60));
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
    await expect(fromFolder(join(folder, "bad"))).rejects
      .toThrow("a/x.png: unpacking it takes the package pngjs; npm install pngjs");
    vi.doUnmock("pngjs");
  });
  test("the command line trains on a folder: three channels, as many classes as it has", {
    timeout: 60_000,
  }, async () => {
    const byte = (i: number) => i % 3074 === 0 ? 7 : i % 3074 === 1 ? i % 100 : i * 13;
    for (const [name, n] of [["train.bin", 24], ["test.bin", 4]] as const)
      put(`cifar/${name}`, Uint8Array.from({ length: n * 3074 }, (_, i) => byte(i)));
    const own = join(folder, "cifar"), output = join(folder, "w.safetensors"), said: string[] = [];
    const best = join(folder, "best.safetensors");
    const epoch = (of: string) => readSafetensors(readFileSync(of)).metadata.get("epoch");
    const words = ["train", "lenet", "--data", own, "--batch", "8", "--output", output];
    const still = ["--epochs", "2", "--lr", "1e-30", "--keep-best", best];  // no epoch is better than the first
    const command = parse([...words, ...still]) as TrainCommand;
    const terminal = new Terminal({ write: (text) => said.push(text) }, 0);
    expect(await trainCommand(command, terminal, { asked: false })).toBe(0);
    for (const told of [
      `Data: CIFAR-100, out of ${own}: trained on 24 images, tested on 4\n`, "of 4 images\n", "✗ ", "Best: epoch 1, ",
    ]) expect(said.join("")).toContain(told);
    const tensors = stateDict(readFileSync(output));
    expect(["0.weight", "7.weight", "11.bias"].map((name) => tensors.get(name)!.shape))
      .toEqual([[6, 3, 5, 5], [120, 400], [100]]);
    expect([best, output].map(epoch)).toEqual(["1", "2"]);
  });
});
