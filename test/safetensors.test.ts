import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "../src/errors.js";
import { readSafetensors, writeSafetensors, type TensorToStore } from "../src/train/safetensors.js";

/** A file with this header, which may be wrong, and so many bytes of data. */
function file(header: string | Uint8Array, data: number | number[] = 0, length?: bigint): Uint8Array<ArrayBuffer> {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = typeof data === "number" ? new Array<number>(data).fill(0) : data, out = new Uint8Array([...new Array<number>(8).fill(0), ...text, ...bytes]);
  new DataView(out.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  return out;
}
const info = (dtype: string, shape: string, offsets: string) => `{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`;
const a = info("F32", "[2]", "[0,8]");
const one = (dtype: string, shape: string, offsets: string, data = 8) => file(`{"a":${info(dtype, shape, offsets)}}`, data);

describe("refuses", () => {
  test.each<[string, Uint8Array, RegExp]>([
    ["an empty file", new Uint8Array(0), /f: 0 bytes are too few/],
    ["7 bytes", new Uint8Array(7), /7 bytes are too few/],
    ["no header", file(""), /here is none/],
    ["a header past the end", file("{}", 0, 3n), /takes 3 bytes, but only 2 follow/],
    ["a header over 100 MB", file("{}", 0, 100_000_001n), /100000001 bytes, and 100000000/],
    ["a header of 2⁶⁴ − 1", file("{}", 0, 2n ** 64n - 1n), /18446744073709551615/],
    ["bad UTF-8", file(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d])), /not UTF-8/],
    ["a byte order mark", file("\ufeff{}"), /begins with "{", here is byte 239/],
    ["an array", file("[]"), /begins with "{"/],
    ["a space first", file(" {}"), /byte 32/],
    ["no JSON", file("{a:1}"), /character 1: expected a key in quotes; here is "a:1}"/],
    ["an open object", file(`{"a":${a}`, 8), /here is the end/],
    ["a comma at the end", file(`{"a":${a},}`, 8), /a key in quotes/],
    ["text after the object", file("{}x"), /spaces only/],
    ["zero bytes as padding", file("{}\0"), /spaces only/],
    ["an open string", file('{"a'), /closed and well formed/],
    ["a control character in a string", file('{"\n":1}'), /well formed/],
    ["an unknown escape", file('{"\\q":1}'), /well formed/],
    ["half a surrogate pair", file('{"\\ud800":1}'), /well formed/],
    ["a tensor that is null", file('{"a":null}'), /expected "{"/],
    ["a name twice", file(`{"a":${a},"a":${a}}`, 8), /"a" comes again/],
    ["a name twice, once escaped", file(`{"a":${a},"\\u0061":${a}}`, 8), /"a" comes again/],
    ["__proto__ twice", file(`{"__proto__":${a},"__proto__":${a}}`, 8), /"__proto__" comes again/],
    ["a dtype twice", file('{"a":{"dtype":"F32","dtype":"F64","shape":[2],"data_offsets":[0,8]}}', 8), /"dtype" comes again/],
    ["metadata twice", file('{"__metadata__":{},"__metadata__":{}}'), /"__metadata__" comes again/],
    ["a metadata key twice", file('{"__metadata__":{"k":"1","k":"2"}}'), /"k" comes again/],
    ["a number as metadata", file('{"__metadata__":{"k":1}}'), /a metadata value/],
    ["metadata that is null", file('{"__metadata__":null}'), /expected "{"/],
    ["a missing shape", file('{"a":{"dtype":"F32","data_offsets":[0,8]}}', 8), /one is missing/],
    ["a missing dtype", file('{"a":{"shape":[2],"data_offsets":[0,8]}}', 8), /one is missing/],
    ["missing offsets", file('{"a":{"dtype":"F32","shape":[2]}}', 8), /one is missing/],
    ["another key", file('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"path":"../x"}}', 8), /got the key "path"/],
    ["an unknown dtype", one("F8_E4M3", "[8]", "[0,8]"), /"a" has the unknown dtype "F8_E4M3"; known are F64, F32/],
    ["a dtype of Object's", one("constructor", "[8]", "[0,8]"), /unknown dtype/],
    ["a dtype that is a number", file('{"a":{"dtype":1,"shape":[2],"data_offsets":[0,8]}}', 8), /a dtype/],
    ["a negative extent", one("F32", "[-2]", "[0,8]"), /a whole number from 0/],
    ["a fractional extent", one("F32", "[2.5]", "[0,8]"), /here is "\.5/],
    ["an exponent", one("F32", "[2e0]", "[0,8]"), /here is "e0/],
    ["a leading zero", one("F32", "[02]", "[0,8]"), /a whole number/],
    ["an extent in quotes", one("F32", '["2"]', "[0,8]"), /a whole number/],
    ["an extent of 2⁵³", one("F32", "[9007199254740992]", "[0,8]"), /2⁵³/],
    ["an extent of 200 digits", one("F32", `[1${"0".repeat(200)}]`, "[0,8]"), /2⁵³/],
    ["a rank of 65", one("F32", `[${"1,".repeat(64)}2]`, "[0,8]"), /at most 64 numbers/],
    ["a product past 2⁵³", one("F32", "[4294967296,4294967296]", "[0,8]"), /more elements than any file/],
    ["a product that wraps to 8 in 64 bits", one("U8", "[4294967296,4294967296,8]", "[0,8]"), /more elements/],
    ["a shape too small", one("F32", "[1]", "[0,8]"), /F32 \[1\] takes 4 bytes, its place has 8 \(0 to 8\)/],
    ["the wrong width", one("F64", "[2]", "[0,8]"), /F64 \[2\] takes 16 bytes, its place has 8/],
    ["one offset", one("F32", "[2]", "[8]"), /two data_offsets/],
    ["offsets that run backwards", one("F32", "[2]", "[8,0]"), /at bytes 8 to 0/],
    ["offsets past the end", one("F32", "[2]", "[0,8]", 7), /0 to 8, but 7 bytes/],
    ["a hole at the start", one("F32", "[2]", "[4,12]", 12), /begins at byte 4, the one before ends at 0: a hole/],
    ["a hole", file(`{"a":${a},"b":${info("U8", "[1]", "[9,10]")}}`, 10), /"b" begins at byte 9, the one before ends at 8: a hole/],
    ["an overlap", file(`{"a":${a},"b":${info("U8", "[4]", "[4,8]")}}`, 8), /"b" begins at byte 4, the one before ends at 8: they overlap/],
    ["two tensors in one place", file(`{"a":${a},"b":${a}}`, 8), /they overlap/],
    ["an empty tensor inside another", file(`{"a":${a},"b":${info("U8", "[0]", "[4,4]")}}`, 8), /they overlap/],
    ["trailing bytes", one("F32", "[2]", "[0,8]", 9), /end at byte 8 of 9/],
    ["data and no tensors", file("{}", 1), /end at byte 0 of 1/],
  ])("%s", (_, bytes, why) => {
    expect(() => readSafetensors(bytes, "f")).toThrow(FormatError);
    expect(() => readSafetensors(bytes, "f")).toThrow(why);
  });

  test("to write what could not be read", () => {
    const bad = (name: string, tensor: unknown) => () => writeSafetensors(new Map([[name, tensor as TensorToStore]]));
    const data = new Float32Array(2);
    expect(bad("w", { shape: [3], data })).toThrow(/tensor "w": shape \[3\] does not go with 2 elements/);
    expect(bad("w", { shape: [-1, -2], data })).toThrow(FormatError);
    expect(bad("w", { shape: [2], data: [1, 2] })).toThrow(/got Array/);
    expect(bad("__metadata__", { shape: [2], data })).toThrow(FormatError);
    expect(bad("\ud800", { shape: [2], data })).toThrow(FormatError);
    expect(() => writeSafetensors(new Map(), { epoch: 1 as unknown as string })).toThrow(/got number; write numbers with String/);
  });
});

const number = fc.oneof(fc.float({ noNaN: true }), fc.constantFrom(-0, Infinity, 1e-45));
const tensor: fc.Arbitrary<TensorToStore> = fc.oneof(
  fc.array(number, { maxLength: 9 }).map((v) => ({ shape: [v.length], data: new Float32Array(v) })),
  fc.nat().map((v) => ({ shape: [1, 1], data: new Uint32Array([v]) })),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map((v) => ({ shape: [], data: new BigInt64Array([v]) })));
const name = fc.oneof(fc.string({ unit: "binary", maxLength: 5 }), fc.constantFrom("__proto__", "constructor", "0", '"\\'));
const content = fc.uniqueArray(fc.tuple(name, tensor), { selector: ([key]) => key, maxLength: 4 }).map((pairs) => new Map(pairs));

describe("round trip", () => {
  test("the bytes of a small file", () => {
    const header = '{"__metadata__":{"k":"v"},"w":{"dtype":"F32","shape":[1,2],"data_offsets":[8,16]},"n":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}  ';
    const tensors = new Map<string, TensorToStore>([["w", { shape: [1, 2], data: new Float32Array([1, -2]) }], ["n", { shape: [], data: new BigInt64Array([-2n]) }]]);
    expect(header.length).toBe(136);
    expect(Buffer.from(writeSafetensors(tensors, { k: "v" })).toString("hex")).toBe("8800000000000000" + Buffer.from(header).toString("hex") + "feffffffffffffff" + "0000803f" + "000000c0");
  });
  test("no tensors, rank 0, empty tensors, spaces", () => {
    expect(readSafetensors(file("{}")).tensors.size).toBe(0);
    const { tensors, metadata } = readSafetensors(file(`{ "__metadata__" : { } ,\n\t"s":${info("U8", "[]", "[0,1]")}, "e":${info("F32", "[3, 0]", "[1,1]")} }   `, [7]));
    expect([...tensors]).toEqual([["s", { dtype: "U8", shape: [], data: new Uint8Array([7]) }], ["e", { dtype: "F32", shape: [3, 0], data: new Float32Array(0) }]]);
    expect(metadata.size).toBe(0);
  });
  test("half floats and others, not aligned", () => {
    const halves = [0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400, 0x7c00, 0x8000], brains = [0x3f80, 0xc000, 0xff80], bytes = (v: number[]) => v.flatMap((h) => [h & 255, h >> 8]);
    const { tensors } = readSafetensors(file(`{"b":${info("BOOL", "[1]", "[0,1]")},"h":${info("F16", "[7]", "[1,15]")},"g":${info("BF16", "[3]", "[15,21]")},"d":${info("F64", "[1]", "[21,29]")},"i":${info("I32", "[1]", "[29,33]")}}`,
      [1, ...bytes(halves), ...bytes(brains), 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 254, 255, 255, 255]));
    expect(tensors.get("h")!.data).toEqual(new Float32Array([1, -2, 65504, 2 ** -24, 2 ** -14, Infinity, -0]));
    expect(tensors.get("g")!.data).toEqual(new Float32Array([1, -2, -Infinity]));
    expect(["b", "d", "i"].map((key) => tensors.get(key)!.data)).toEqual([new Uint8Array([1]), new Float64Array([1]), new Int32Array([-2])]);
  });
  test("whatever was written is read", () => fc.assert(fc.property(content, fc.dictionary(name, fc.string()), fc.boolean(), (tensors, metadata, shifted) => {
    const written = writeSafetensors(tensors, metadata), bytes = shifted ? Buffer.concat([Buffer.of(1), written]).subarray(1) : written, back = readSafetensors(bytes);
    expect([...back.tensors].map(([key, { shape, data }]) => [key, { shape, data }])).toEqual([...tensors]);
    expect(back.metadata).toEqual(new Map(Object.entries(metadata)));
  }), { numRuns: 1000 }));
  test("changed files and random bytes: a result or a FormatError", () => {
    const edits = fc.array(fc.tuple(fc.nat(400), fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('{}[]",:-.0129\\ ')))), { maxLength: 4 });
    const mutant = fc.tuple(content, edits, fc.nat(400)).map(([tensors, changes, end]) => {
      const bytes = writeSafetensors(tensors, { k: "v" });
      for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
      return end < bytes.length ? bytes.slice(0, end) : bytes;
    });
    fc.assert(fc.property(fc.oneof(mutant, fc.uint8Array({ maxLength: 60 }), fc.string({ maxLength: 60 }).map((text) => file(`{${text}`))), (bytes) => {
      try { readSafetensors(bytes); } catch (e) { if (!(e instanceof FormatError)) throw e; }
    }), { numRuns: 5000 });
  });
});
