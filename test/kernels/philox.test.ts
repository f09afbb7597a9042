// The generator of src/random.ts and shaders/lib/philox.wgsl. It runs on the GPU only: wgsl_reflect's interpreter
// loses low bits of products of words.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { defineKernel } from "../../src/gpu/kernel.js";
import { philox } from "../../src/random.js";
import { gpu, random, run } from "../support.js";

const words = defineKernel<"given" | "drawn", "size", "WORKGROUP">([`${readFileSync("shaders/lib/philox.wgsl", "utf8")}
override WORKGROUP: u32 = 64;
struct Params { size: u32 }
@group(1) @binding(0) var<uniform> dim: Params;
@group(0) @binding(0) var<storage, read> given: array<u32>;
@group(0) @binding(1) var<storage, read_write> drawn: array<u32>;
@compute @workgroup_size(WORKGROUP, 1, 1)
fn words(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= dim.size) { return; }
  let a = 6 * i;
  let w = philox(vec4u(given[a], given[a + 1], given[a + 2], given[a + 3]), vec2u(given[a + 4], given[a + 5]));
  for (var j = 0u; j < 4; j++) { drawn[4 * i + j] = w[j]; }
}`], "words", ["given", "drawn"]);

describe("philox", () => {
  const known = [  // kat_vectors of Random123: counter, key, result
    "00000000 00000000 00000000 00000000 00000000 00000000 6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    "ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff 408f276d 41c83b0e a20bc7c6 6d5451fd",
    "243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0 d16cfe09 94fdcceb 5001e420 24126ea1",
  ].map((line) => line.split(" ").map((word) => parseInt(word, 16)));

  test("has the published results, here and on the GPU", async () => {
    for (const [a, b, c, d, k0, k1, ...want] of known) expect(philox([a, b, c, d], [k0, k1])).toEqual(want);
    const given = Uint32Array.from(known.flatMap((line) => line.slice(0, 6)));
    const { drawn } = await run(gpu, words, { given }, { drawn: 12 }, { size: 3 }, 3);
    expect([...drawn]).toEqual(known.flatMap((line) => line.slice(6)));
  });

  test("gives the same 10,000 draws of four words on the GPU", async () => {
    const bits = (seed: number) => random(seed, 60_000).map((v) => (v + 1) * 2 ** 23);
    const [high, low] = [bits(5), bits(6)], want: number[] = [];
    const given = Uint32Array.from(high, (h, i) => ((h << 8) ^ low[i]) >>> 0);
    for (let i = 0; i < given.length; i += 6) {
      const [a, b, c, d, k0, k1] = given.subarray(i, i + 6);
      want.push(...philox([a, b, c, d], [k0, k1]));
    }
    const { drawn } = await run(gpu, words, { given }, { drawn: want.length }, { size: 10_000 }, 10_000);
    expect(drawn.findIndex((word, i) => word !== want[i])).toBe(-1);
  });
});
