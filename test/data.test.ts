import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { fashionMnist as fetched } from "../src/data/fashionMnist.js";
import { subsetFiles } from "../src/data/fashionMnistFiles.js";
import { gunzip, parseIdx, sha256 } from "../src/data/idx.js";
import { ConvoyError, FormatError } from "../src/errors.js";
import { fashionMnist } from "../src/node/data.js";

const folder = new URL("../src/data/fashion-mnist/", import.meta.url);
const idx = (shape: number[], data: number[], magic = [0, 0, 8, shape.length]) =>
  new Uint8Array([...magic, ...shape.flatMap((n) => [n >>> 24, n >>> 16 & 255, n >>> 8 & 255, n & 255]), ...data]);
const refused = (bytes: Uint8Array, why: RegExp) => {
  expect(() => parseIdx(bytes, "x.idx")).toThrow(FormatError);
  expect(() => parseIdx(bytes, "x.idx")).toThrow(why);
};

describe("IDX", () => {
  test("shape and bytes, of rank 1 to 4", () => {
    expect(parseIdx(idx([3], [7, 8, 9]), "x")).toEqual({ shape: [3], data: new Uint8Array([7, 8, 9]) });
    expect(parseIdx(idx([1, 2, 2], [1, 2, 3, 4]), "x").shape).toEqual([1, 2, 2]);
    expect(parseIdx(idx([1, 1, 2, 1], [1, 2]), "x").shape).toEqual([1, 1, 2, 1]);
  });
  test("a Buffer in the middle of a pool gives plain bytes of the right place", () => {
    const { data } = parseIdx(Buffer.from([99, ...idx([2], [5, 6])]).subarray(1), "x");
    expect([data.constructor, ...data]).toEqual([Uint8Array, 5, 6]);
  });
  test.each<[string, Uint8Array, RegExp]>([
    ["empty", new Uint8Array(0), /x\.idx: begins with nothing/],
    ["magic", idx([1], [1], [1, 0, 8, 1]), /begins with 1 0 8 1, and/],
    ["type: i32", idx([1], [1, 1, 1, 1], [0, 0, 0x0c, 1]), /begins with 0 0 12 1, and IDX files of unsigned bytes/],
    ["rank 0", idx([], [1]), /begins with 0 0 8 0/],
    ["rank 5", idx([1, 1, 1, 1, 1], [1]), /begins with 0 0 8 5/],
    ["header cut short", idx([1, 1], [], [0, 0, 8, 3]), /takes 16 bytes, the file has 12/],
    ["nothing", idx([4, 0], []), /\[4, 0\] elements, which is nothing/],
    ["overflow", idx([4294967295, 4294967295, 2], [1]), /more than any file holds/],
    ["truncated", idx([2, 2], [1, 2, 3]), /takes 16 bytes, the file has 15: it is cut short; get/],
    ["trailing", idx([2], [1, 2, 3]), /takes 10 bytes, the file has 11: there is something after its end/],
    ["gzipped", gzipSync(idx([1], [1])), /unpack it first/],
  ])("refuses: %s", (_, bytes, why) => refused(bytes, why));
  test("any bytes: a result or a FormatError", () => fc.assert(fc.property(
    fc.array(fc.oneof(fc.constantFrom(0, 1, 2, 3, 8), fc.nat(255)), { maxLength: 40 }), fc.boolean(), (bytes, head) => {
      const file = new Uint8Array(head ? [0, 0, 8, ...bytes] : bytes);
      try { parseIdx(file, "x"); } catch (e) { expect(e).toBeInstanceOf(FormatError); }
    }), { numRuns: 3000 }));
});

describe("gzip", () => {
  const raw = new Uint8Array(100_000).map((_, i) => i * i % 251), packed = new Uint8Array(gzipSync(raw));
  const fails = async (bytes: Uint8Array, limit: number, why: RegExp) => {
    const error = await gunzip(bytes, limit, "x.gz").catch((e: unknown) => e);
    expect(error).toBeInstanceOf(FormatError);
    expect((error as FormatError).message).toMatch(why);
  };
  test("unpacks, exactly to the limit; plain bytes pass", async () => {
    expect(await gunzip(packed, raw.length, "x.gz")).toEqual(raw);
    expect(await gunzip(raw, raw.length, "x.gz")).toEqual(raw);
  });
  test("refuses what is too large, packed or plain", async () => {
    await fails(packed, raw.length - 1, /x\.gz: holds 100000 bytes where at most 99999/);
    await fails(raw, raw.length - 1, /holds 100000/);
  });
  test("refuses bombs, whatever their trailer says", async () => {
    const bomb = new Uint8Array(gzipSync(new Uint8Array(50_000_000))), started = performance.now();
    await fails(bomb, 1000, /holds 50000000/);
    bomb.set([10, 0, 0, 0], bomb.length - 4);
    await fails(bomb, 1000, /more than the 10 bytes/);
    expect(performance.now() - started).toBeLessThan(1000);
  });
  test("refuses what is cut, flipped or appended to", async () => {
    await fails(packed.slice(0, 12), 1e6, /12 bytes are too few/);
    for (let cut = 1; cut < 40; cut++) await fails(packed.slice(0, -cut), 1e6, /x\.gz: /);
    for (let at = 10; at < packed.length; at += 997)
      await fails(packed.map((b, i) => i === at ? b ^ 0x55 : b), 1e6, /x\.gz: /);
    await fails(new Uint8Array([...packed, 1, 2, 3, 4]), 1e9, /x\.gz: /);
  });
});

describe("Fashion-MNIST", () => {
  const made: string[] = [];
  afterAll(() => made.forEach((dir) => rmSync(dir, { recursive: true })));
  afterEach(() => vi.unstubAllGlobals());

  test("the subset, out of the package", async () => {
    const { train, test: held, name, source } = await fashionMnist();
    expect([train.size, held.size, train.shape, train.classes[9]]).toEqual([10_000, 2_000, [1, 28, 28], "Ankle boot"]);
    expect([train.images.length, train.labels[0], held.labels.length]).toEqual([7_840_000, 9, 2_000]);
    const counts = new Array<number>(10).fill(0);
    for (const label of train.labels) counts[label]++;
    expect(counts.every((n) => n > 900)).toBe(true);
    expect([name, source]).toEqual([expect.stringContaining("10,000"), expect.stringMatching(/fashion-mnist/)]);
  });
  test("SHA-256 as others compute it", async () => {
    for (const file of [...subsetFiles.train, ...subsetFiles.test]) {
      const bytes = gunzipSync(readFileSync(new URL(file.name, folder)));
      expect([bytes.length, createHash("sha256").update(bytes).digest("hex")]).toEqual([file.bytes, file.sha256]);
      expect(await sha256(bytes)).toBe(file.sha256);
    }
  });
  test("in a folder of one's own, plain or gzipped; one changed byte is found", async () => {
    const dir = mkdtempSync(join(tmpdir(), "convoy-data-"));
    made.push(dir);
    const [images, labels, ...rest] = [...subsetFiles.train, ...subsetFiles.test];
    for (const { name } of [images, ...rest]) writeFileSync(join(dir, name), readFileSync(new URL(name, folder)));
    const plain = gunzipSync(readFileSync(new URL(labels.name, folder)));
    const path = join(dir, labels.name.replace(".gz", ""));
    writeFileSync(path, plain);
    expect((await fashionMnist({ dir })).source).toBe(dir);
    plain[1000] ^= 1;
    writeFileSync(path, plain);
    await expect(fashionMnist({ dir })).rejects
      .toThrow(/train-labels\.idx1\.gz: expected 10008 bytes with SHA-256 a69f.* get the file again/);
    await expect(fashionMnist({ dir })).rejects.toThrow(FormatError);
  });
  test("in a page: from a folder, with the URL and the status where it fails", async () => {
    const served = (url: URL) => new Response(readFileSync(new URL(url.pathname.slice(3), folder)));
    vi.stubGlobal("fetch", (url: URL) => Promise.resolve(served(url)));
    const split = await fetched({ url: "https://a.b/c" });
    expect([split.train.size, split.source]).toEqual([10_000, "https://a.b/c/"]);
    vi.stubGlobal("fetch", () => Promise.resolve(new Response("", { status: 404 })));
    await expect(fetched({ url: "https://a.b/c" })).rejects.toThrow(/https:\/\/a\.b\/c\/\S+\.gz answers 404/);
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("no route")));
    const error: unknown = await fetched({ url: "https://a.b/c" }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ConvoyError);
    await expect(fetched({ full: true })).rejects.toThrow(/pass their folder/);
    await expect(fetched({ url: "c" })).rejects.toThrow(/must be absolute/);
  });
});
