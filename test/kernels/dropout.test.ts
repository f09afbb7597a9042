// Philox runs on the GPU only: wgsl_reflect's interpreter loses low bits of products of words.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { dataset } from "../../src/data/dataset.js";
import { dropout_backward, dropout_forward } from "../../src/generated/dropout.js";
import { defineKernel } from "../../src/gpu/kernel.js";
import { Recorder } from "../../src/gpu/recorder.js";
import { Graph } from "../../src/graph.js";
import { dropout, flatten, gelu, linear, meanSquaredError, sequential, sgd, softplus } from "../../src/index.js";
import { philox } from "../../src/random.js";
import { Session } from "../../src/train/session.js";
import { readWeights } from "../../src/train/weights.js";
import * as reference from "../reference/dropout.js";
import { clock, expectClose, gpu, openTestDevice, random, run, threeRows } from "../support.js";

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
    const [high, low] = [bits(5), bits(6)], given = Uint32Array.from(high, (h, i) => ((h << 8) ^ low[i]) >>> 0), want: number[] = [];
    for (let i = 0; i < given.length; i += 6) want.push(...philox([given[i], given[i + 1], given[i + 2], given[i + 3]], [given[i + 4], given[i + 5]]));
    const { drawn } = await run(gpu, words, { given }, { drawn: want.length }, { size: 10_000 }, 10_000);
    expect(drawn.findIndex((word, i) => word !== want[i])).toBe(-1);
  });
});

const control = { size: 203, stream: 3, p: 0.5, step: 7, seed: 42 };
type Case = typeof control;
const dim = ({ size, stream, p }: Case) => ({ size, stream, threshold: Math.round(p * 2 ** 24), scale: 1 / (1 - p) });
const ones = (n: number) => new Float64Array(n).fill(1);

async function masked(c: Case, v: Float64Array): Promise<Float32Array> {
  return (await run(gpu, dropout_forward, { clock: clock(c), x: v }, { y: c.size }, dim(c), Math.ceil(c.size / 4))).y as Float32Array;
}

describe("dropout", () => {
  const cases: Record<string, Partial<Case>> = {
    "control": {}, "p 0.1": { p: 0.1 }, "p 0.9": { p: 0.9 }, "one element": { size: 1 }, "another seed": { seed: 0xfffffff1 },
    "first step": { step: 0 }, "grid folded into y": { size: 850 },
  };
  test.each(Object.keys(cases))("agrees with its twin, %s", async (name) => {
    const c = { ...control, ...cases[name] }, d = dim(c), x = random(1, c.size), quads = Math.ceil(c.size / 4), work = c.size > 800 ? threeRows(quads) : quads;
    const { y } = await run(gpu, dropout_forward, { clock: clock(c), x }, { y: c.size }, d, work);
    const { dx } = await run(gpu, dropout_backward, { clock: clock(c), dy: x }, { dx: c.size }, d, work);
    expectClose("y", y, reference.apply(d, c, x), 1);
    expect([...dx]).toEqual([...y]);  // the same mask and scale
  });

  test.each([0.1, 0.5, 0.8])("keeps a share of 1 − p and scales it by 1 / (1 − p), p = %d", async (p) => {
    const size = 40_000, y = await masked({ ...control, size, p }, ones(size)), kept = y.filter((v) => v !== 0);
    expect(Math.abs(kept.length / size - (1 - p))).toBeLessThan(5 * Math.sqrt(p * (1 - p) / size));
    for (const v of kept) if (Math.abs(v * (1 - p) - 1) > 1e-6) expect.fail(`scaled to ${v}`);
  });

  test("draws the same again, and other masks by step, seed and layer", async () => {
    const mask = async (change: Partial<Case>) => [...await masked({ ...control, ...change }, ones(control.size))].join("");
    const first = await mask({});
    expect(await mask({})).toBe(first);
    expect(new Set([first, await mask({ step: 8 }), await mask({ seed: 43 }), await mask({ stream: 4 })]).size).toBe(4);
  });

  /** A graph of two layers, recorded for a pass in this mode. */
  function recorded(p: number, training: boolean) {
    const graph = new Graph(), x = graph.input("x", [4, 6], true), rec = new Recorder(), layer = dropout({ p });
    const y = graph.apply(layer, graph.apply(layer, x)), mode = { training, clock: training ? graph.tensor("clock", [4]) : undefined };
    graph.grads.set(y, graph.tensor("dy", y.shape));
    graph.forward(rec, mode);
    graph.backward(rec, mode);
    return rec.steps;
  }

  test("the graph gives each layer a stream, the same in both passes", () => {
    const steps = recorded(0.3, true);
    expect(steps.map((s) => [s.kernel.entry, s.params.stream, s.tensors.clock.name])).toEqual([
      ["dropout_forward", 0, "clock"], ["dropout_forward", 1, "clock"], ["dropout_backward", 1, "clock"], ["dropout_backward", 0, "clock"],
    ]);
  });

  test("is the identity where p is 0, and in evaluation", () => {
    for (const steps of [recorded(0, true), recorded(0.5, false)])
      expect(steps.map((s) => [s.kernel.entry, s.overrides.ACTIVATION, Object.keys(s.tensors).join()])).toEqual(Array(4).fill(["activation_forward", 0, "x,y"]));
  });

  test("trains: the same numbers by the same seed, and as without it where p is 0", async () => {
    const device = await openTestDevice(), data = dataset({
      images: Uint8Array.from({ length: 16 * 20 }, (_, i) => i * 37), labels: Uint8Array.from({ length: 20 }, (_, i) => i % 3), shape: [1, 4, 4], classes: ["a", "b", "c"],
    });
    async function trained(p: number | undefined, seed: number) {
      const net = sequential(flatten(), linear({ units: 9 }), gelu(), p === undefined ? flatten() : dropout({ p }), softplus(), linear({ units: 3 }));
      const session = await Session.open(net, { device, input: [1, 4, 4], batches: [20], data, optimizer: sgd({ lr: 0.1 }), loss: meanSquaredError(), seed });
      for (let i = 0; i < 3; i++) session.step(Uint32Array.from({ length: 20 }, (_, n) => n));
      const weights = await readWeights(session.memory, session.network);
      session.destroy();
      return JSON.stringify([...weights.values()].map(({ data }) => [...data]));
    }
    const dropped = await trained(0.5, 1), none = await trained(0, 1);
    expect(dropped.split(",").length).toBe(17 * 9 + 10 * 3);
    expect(dropped).not.toContain("null");
    expect(await trained(0.5, 1)).toBe(dropped);
    expect(none).not.toBe(dropped);
    expect(none).toBe(await trained(undefined, 1));
  });

  test("refuses a p that is no share or drops everything, and a training pass without a clock", () => {
    for (const p of [1, -0.1, NaN]) expect(() => dropout({ p })).toThrow(`p is a number from 0 to below 1, not ${p}`);
    const graph = new Graph();
    graph.apply(dropout(), graph.input("x", [2, 2]));
    expect(() => graph.forward(new Recorder(), { training: true })).toThrow("a training pass with p > 0 needs a mode with clock");
  });
});
