// The reader of weights refuses whatever is no file of safetensors, and says why; the writer what it could not read.
import { describe, expect, test } from "vitest";
import { FormatError } from "../src/errors.js";
import { readSafetensors, writeSafetensors, type TensorToStore } from "../src/train/safetensors.js";
import { file, info } from "./header.js";

const a = info("F32", "[2]", "[0,8]");
const one = (dtype: string, shape: string, offsets: string, data = 8) =>
  file(`{"a":${info(dtype, shape, offsets)}}`, data);

describe("refuses", () => {
  test.each<[string, Uint8Array, RegExp]>([
    ["an empty file", new Uint8Array(0), /f: 0 bytes are too few/],
    ["7 bytes", new Uint8Array(7), /7 bytes are too few/],
    ["no header", file(""), /must begin with "{", not with nothing/],
    ["a header past the end", file("{}", 0, 3n), /promise a header of 3 bytes, .* and 2 follow; the file is cut short/],
    ["a header over 100 MB", file("{}", 0, 100_000_001n), /100000001 bytes, of at most 100000000, and 2 follow/],
    ["a header of 2⁶⁴ − 1", file("{}", 0, 2n ** 64n - 1n), /18446744073709551615/],
    ["bad UTF-8", file(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d])), /not UTF-8/],
    ["a byte order mark", file("\ufeff{}"), /must begin with "{", not with byte 239/],
    ["an array", file("[]"), /must begin with "{"/],
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
    ["a dtype twice", file('{"a":{"dtype":"F32","dtype":"F64","shape":[2],"data_offsets":[0,8]}}', 8),
      /"dtype" comes again/],
    ["metadata twice", file('{"__metadata__":{},"__metadata__":{}}'), /"__metadata__" comes again/],
    ["a metadata key twice", file('{"__metadata__":{"k":"1","k":"2"}}'), /"k" comes again/],
    ["a number as metadata", file('{"__metadata__":{"k":1}}'), /a metadata value/],
    ["metadata that is null", file('{"__metadata__":null}'), /expected "{"/],
    ["a missing shape", file('{"a":{"dtype":"F32","data_offsets":[0,8]}}', 8), /one is missing/],
    ["a missing dtype", file('{"a":{"shape":[2],"data_offsets":[0,8]}}', 8), /one is missing/],
    ["missing offsets", file('{"a":{"dtype":"F32","shape":[2]}}', 8), /one is missing/],
    ["another key", file('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"path":"../x"}}', 8),
      /got the key "path"/],
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
    ["a shape too small", one("F32", "[1]", "[0,8]"),
      /F32 \[1\] belongs at bytes 0 to 4, the header says 0 to 8, and 8 bytes follow/],
    ["the wrong width", one("F64", "[2]", "[0,8]"), /F64 \[2\] belongs at bytes 0 to 16, the header says 0 to 8/],
    ["one offset", one("F32", "[2]", "[8]"), /two data_offsets/],
    ["offsets that run backwards", one("F32", "[2]", "[8,0]"), /0 to 8, the header says 8 to 0/],
    ["offsets past the end", one("F32", "[2]", "[0,8]", 7),
      /says 0 to 8, and 7 bytes follow it; the file is cut short/],
    ["a hole at the start", one("F32", "[2]", "[4,12]", 12), /belongs at bytes 0 to 8, the header says 4 to 12/],
    ["a hole", file(`{"a":${a},"b":${info("U8", "[1]", "[9,10]")}}`, 10),
      /"b": U8 \[1\] belongs at bytes 8 to 9, the header says 9 to 10/],
    ["an overlap", file(`{"a":${a},"b":${info("U8", "[4]", "[4,8]")}}`, 8),
      /"b": U8 \[4\] belongs at bytes 8 to 12, the header says 4 to 8/],
    ["two tensors in one place", file(`{"a":${a},"b":${a}}`, 8), /"b": .* 8 to 16, the header says 0 to 8/],
    ["an empty tensor inside another", file(`{"a":${a},"b":${info("U8", "[0]", "[4,4]")}}`, 8),
      /"b": .* the header says 4 to 4/],
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
    expect(() => writeSafetensors(new Map(), { epoch: 1 as unknown as string }))
      .toThrow(/got number; write numbers with String/);
  });
});
