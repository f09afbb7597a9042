// What is written as safetensors is read again to the bit, and what is damaged never breaks the reader.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "../src/errors.js";
import { readSafetensors, writeSafetensors, type TensorToStore } from "../src/train/safetensors.js";
import { file, info } from "./header.js";

const number = fc.oneof(fc.float({ noNaN: true }), fc.constantFrom(-0, Infinity, 1e-45));
const tensor: fc.Arbitrary<TensorToStore> = fc.oneof(
  fc.array(number, { maxLength: 9 }).map((v) => ({ shape: [v.length], data: new Float32Array(v) })),
  fc.nat().map((v) => ({ shape: [1, 1], data: new Uint32Array([v]) })),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map((v) => ({ shape: [], data: new BigInt64Array([v]) })));
const name = fc.oneof(
  fc.string({ unit: "binary", maxLength: 5 }), fc.constantFrom("__proto__", "constructor", "0", '"\\'));
const content = fc.uniqueArray(fc.tuple(name, tensor), { selector: ([key]) => key, maxLength: 4 })
  .map((pairs) => new Map(pairs));

describe("round trip", () => {
  test("the bytes of a small file", () => {
    const header = '{"__metadata__":{"k":"v"},"w":{"dtype":"F32","shape":[1,2],"data_offsets":[8,16]},'
      + '"n":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}  ';
    const w = { shape: [1, 2], data: new Float32Array([1, -2]) }, n = { shape: [], data: new BigInt64Array([-2n]) };
    const written = writeSafetensors(new Map<string, TensorToStore>([["w", w], ["n", n]]), { k: "v" });
    expect(header.length).toBe(136);
    expect(Buffer.from(written).toString("hex")).toBe(
      "8800000000000000" + Buffer.from(header).toString("hex") + "feffffffffffffff" + "0000803f" + "000000c0");
  });
  test("no tensors, rank 0, empty tensors, spaces", () => {
    expect(readSafetensors(file("{}")).tensors.size).toBe(0);
    const header = `{ "__metadata__" : { } ,\n\t"s":${info("U8", "[]", "[0,1]")}, `
      + `"e":${info("F32", "[3, 0]", "[1,1]")} }   `;
    const { tensors, metadata } = readSafetensors(file(header, [7]));
    expect([...tensors]).toEqual([
      ["s", { dtype: "U8", shape: [], data: new Uint8Array([7]) }],
      ["e", { dtype: "F32", shape: [3, 0], data: new Float32Array(0) }],
    ]);
    expect(metadata.size).toBe(0);
  });
  test("half floats and others, not aligned", () => {
    const halves = [0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400, 0x7c00, 0x8000, 0x7e00], brains = [0x3f80, 0xc000, 0xff80];
    const bytes = (v: number[]) => v.flatMap((h) => [h & 255, h >> 8]);
    const infos = [
      `"b":${info("BOOL", "[1]", "[0,1]")}`,
      `"h":${info("F16", "[8]", "[1,17]")}`,
      `"g":${info("BF16", "[3]", "[17,23]")}`,
      `"d":${info("F64", "[1]", "[23,31]")}`,
      `"i":${info("I32", "[1]", "[31,35]")}`,
    ];
    const data = [1, ...bytes(halves), ...bytes(brains), 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 254, 255, 255, 255];
    const { tensors } = readSafetensors(file(`{${infos.join(",")}}`, data));
    expect(tensors.get("h")!.data).toEqual(new Float32Array([1, -2, 65504, 2 ** -24, 2 ** -14, Infinity, -0, NaN]));
    expect(tensors.get("g")!.data).toEqual(new Float32Array([1, -2, -Infinity]));
    expect(["b", "d", "i"].map((key) => tensors.get(key)!.data))
      .toEqual([new Uint8Array([1]), new Float64Array([1]), new Int32Array([-2])]);
  });
  test("whatever was written is read", () => {
    const metadatas = fc.dictionary(name, fc.string());
    fc.assert(fc.property(content, metadatas, fc.boolean(), (tensors, metadata, shifted) => {
      const written = writeSafetensors(tensors, metadata);
      const back = readSafetensors(shifted ? Buffer.concat([Buffer.of(1), written]).subarray(1) : written);
      expect([...back.tensors].map(([key, { shape, data }]) => [key, { shape, data }])).toEqual([...tensors]);
      expect(back.metadata).toEqual(new Map(Object.entries(metadata)));
    }), { numRuns: 1000 });
  });
  test("changed files and random bytes: a result or a FormatError", () => {
    const byte = fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('{}[]",:-.0129\\ ')));
    const edits = fc.array(fc.tuple(fc.nat(400), byte), { maxLength: 4 });
    const mutant = fc.tuple(content, edits, fc.nat(400)).map(([tensors, changes, end]) => {
      const bytes = writeSafetensors(tensors, { k: "v" });
      for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
      return end < bytes.length ? bytes.slice(0, end) : bytes;
    });
    const random = fc.uint8Array({ maxLength: 60 });
    const garbled = fc.string({ maxLength: 60 }).map((text) => file(`{${text}`));
    fc.assert(fc.property(fc.oneof(mutant, random, garbled), (bytes) => {
      try { readSafetensors(bytes); } catch (e) { if (!(e instanceof FormatError)) throw e; }
    }), { numRuns: 5000 });
  });
});
