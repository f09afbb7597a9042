// Philox runs on the GPU only: wgsl_reflect's interpreter loses low bits of products of words.
import { describe, expect, test } from "vitest";
import { dropout_backward, dropout_forward } from "../../src/generated/dropout.js";
import { Recorder } from "../../src/gpu/recorder.js";
import { Graph } from "../../src/graph.js";
import { dropout, flatten, gelu, linear, meanSquaredError, sequential, sgd, softplus } from "../../src/index.js";
import { Session } from "../../src/train/session.js";
import { readWeights } from "../../src/train/weights.js";
import { noise, order } from "../noise.js";
import * as reference from "../reference/dropout.js";
import { clock, expectClose, gpu, openTestDevice, random, run, threeRows } from "../support.js";

const control = { size: 203, stream: 3, p: 0.5, step: 7, seed: 42 };
type Case = typeof control;
const dim = ({ size, stream, p }: Case) => ({ size, stream, threshold: Math.round(p * 2 ** 24), scale: 1 / (1 - p) });
const ones = (n: number) => new Float64Array(n).fill(1);

async function masked(c: Case, v: Float64Array): Promise<Float32Array> {
  const given = { clock: clock(c), x: v };
  return (await run(gpu, dropout_forward, given, { y: c.size }, dim(c), Math.ceil(c.size / 4))).y as Float32Array;
}

describe("dropout", () => {
  const cases: Record<string, Partial<Case>> = {
    "control": {}, "p 0.1": { p: 0.1 }, "p 0.9": { p: 0.9 }, "one element": { size: 1 },
    "another seed": { seed: 0xfffffff1 }, "first step": { step: 0 }, "grid folded into y": { size: 850 },
  };
  test.each(Object.keys(cases))("agrees with its twin, %s", async (name) => {
    const c = { ...control, ...cases[name] }, d = dim(c), x = random(1, c.size);
    const quads = Math.ceil(c.size / 4), work = c.size > 800 ? threeRows(quads) : quads;
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
    const mask = async (change: Partial<Case>) =>
      [...await masked({ ...control, ...change }, ones(control.size))].join("");
    const first = await mask({});
    expect(await mask({})).toBe(first);
    expect(new Set([first, await mask({ step: 8 }), await mask({ seed: 43 }), await mask({ stream: 4 })]).size).toBe(4);
  });

  /** A graph of two layers, recorded for a pass in this mode. */
  function recorded(p: number, training: boolean) {
    const graph = new Graph(), x = graph.input("x", [4, 6], true), rec = new Recorder(), layer = dropout({ p });
    const y = graph.apply(layer, graph.apply(layer, x));
    const mode = { training, clock: training ? graph.tensor("clock", [4]) : undefined };
    graph.grads.set(y, graph.tensor("dy", y.shape));
    graph.forward(rec, mode);
    graph.backward(rec, mode);
    return rec.steps;
  }

  test("the graph gives each layer a stream, the same in both passes", () => {
    const steps = recorded(0.3, true);
    expect(steps.map((s) => [s.kernel.entry, s.params.stream, s.tensors.clock.name])).toEqual([
      ["dropout_forward", 0, "clock"], ["dropout_forward", 1, "clock"],
      ["dropout_backward", 1, "clock"], ["dropout_backward", 0, "clock"],
    ]);
  });

  test("is the identity where p is 0, and in evaluation", () => {
    for (const steps of [recorded(0, true), recorded(0.5, false)]) {
      const found = steps.map((s) => [s.kernel.entry, s.overrides.ACTIVATION, Object.keys(s.tensors).join()]);
      expect(found).toEqual(Array(4).fill(["activation_forward", 0, "x,y"]));
    }
  });

  test("trains: the same numbers by the same seed, and as without it where p is 0", async () => {
    const device = await openTestDevice(), data = noise(20, [1, 4, 4], 3);
    async function trained(p: number | undefined, seed: number) {
      const between = p === undefined ? flatten() : dropout({ p });
      const net = sequential(flatten(), linear({ units: 9 }), gelu(), between, softplus(), linear({ units: 3 }));
      const session = await Session.open(net, {
        device, input: [1, 4, 4], batches: [20], data, optimizer: sgd({ lr: 0.1 }), loss: meanSquaredError(), seed,
      });
      for (let i = 0; i < 3; i++) session.step(order(20));
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
    expect(() => graph.forward(new Recorder(), { training: true }))
      .toThrow("a training pass with p > 0 needs a mode with clock");
  });
});
