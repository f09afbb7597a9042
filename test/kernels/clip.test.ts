import { expect, test } from "vitest";
import { clip_norm, clip_partial, clip_scale } from "../../src/generated/clip.js";
import { Memory } from "../../src/gpu/memory.js";
import { Player } from "../../src/gpu/player.js";
import { Recorder, tensor } from "../../src/gpu/recorder.js";
import { flatten, linear, OptionError, sequential, sgd } from "../../src/index.js";
import { clipNorm } from "../../src/optimizers/clip.js";
import { plan } from "../../src/plan.js";
import { Session } from "../../src/train/session.js";
import { readGradients } from "../runs.js";
import { noise, order } from "../noise.js";
import * as reference from "../reference/clip.js";
import { checked, expectClose, gpu, openTestDevice, random, run, runners, threeRows } from "../support.js";

const none = { size: 0, splits: 0, first: 0, count: 0, max_norm: 0 };

test.each(Object.keys(runners))("partial sums of squares agree with their twin: %s", async (where) => {
  for (const [size, splits] of [[1, 1], [7, 7], [100, 3], [1000, 70]]) {
    const dparam = random(1, size), before = new Float64Array(splits + 2).fill(5), sizes = { partial: splits + 2 };
    const params = { ...none, size, splits, first: 1 };
    const { partial } = await run(runners[where], clip_partial, { dparam, partial: before }, sizes, params, splits);
    expect([partial[0], partial[splits + 1]]).toEqual([5, 5]);  // they are other buffers'
    expectClose("partial", partial.slice(1, -1), reference.partial(dparam, splits), Math.ceil(size / splits));
  }
});

test("the norm is the root of their sum", async () => {
  const dparam = random(2, 300), parts = reference.partial(dparam, 9);
  const { total } = await run(gpu, clip_norm, { parts }, { total: 1 }, { ...none, count: 9 }, 1);
  expectClose("norm", total, Float64Array.of(reference.norm(dparam)), 9);
});

test.each(Object.keys(runners))("gradients are scaled to the limit, and left alone below it: %s", async (where) => {
  for (const [size, work] of [[1, 1], [37, 37], [200, threeRows(200)]] as const) {
    const gradients = random(3, size), norm = Math.fround(reference.norm(gradients));
    const scaled = async (clipped: Float64Array, total: number, max_norm: number) => {
      const given = { clipped, norm: [total] }, params = { ...none, size, max_norm };
      return (await run(runners[where], clip_scale, given, { clipped: size }, params, work)).clipped;
    };
    expectClose("clipped", await scaled(gradients, norm, norm / 2), reference.scale(gradients, norm, norm / 2), 4);
    expect([...await scaled(gradients, norm, 1.001 * norm + 1e-5)]).toEqual([...gradients]);
    expect((await scaled(new Float64Array(size), 0, 1)).every((v) => v === 0)).toBe(true);
  }
});

test("all buffers of gradients are clipped by one norm", async () => {
  const device = await openTestDevice(), rec = new Recorder(), values = [random(4, 150_000), random(5, 50)];
  const gradients = values.map((v, i) => tensor(`gradients ${i}`, [v.length]));
  clipNorm(3)(rec, gradients);
  await checked(device, async () => {
    const memory = new Memory(device);
    await memory.grow(plan([rec.steps], gradients.map((whole) => ({ whole, parts: new Map() }))));
    gradients.forEach((t, i) => { memory.write(t, Float32Array.from(values[i])); });
    const player = await Player.prepare(memory, "clip", rec.steps), norm = reference.norm(...values);
    player.play();
    for (const [i, t] of gradients.entries())
      expectClose(t.name, await memory.read(t), reference.scale(values[i], norm, 3), 64);
    player.destroy();
    memory.destroy();
  });
});

test("a session clips what its optimizer sees", async () => {
  const device = await openTestDevice(), net = sequential(flatten(), linear({ units: 3 })), shape = [1, 4, 4] as const;
  const data = noise(4, shape, 3);
  const gradients = async (limit?: number) => {
    const clip = limit === undefined ? undefined : clipNorm(limit), optimizer = sgd({ lr: 0 });
    const session = await Session.open(net, { device, input: shape, batches: [4], data, optimizer, clip });
    session.step(order(4));
    const read = await readGradients(session.memory, session.network);
    const all = Float64Array.from([...read.values()].flatMap((g) => [...g.data]));
    session.destroy();
    return all;
  };
  const free = await gradients(), norm = reference.norm(free);
  expectClose("clipped", await gradients(norm / 4), reference.scale(free, norm, norm / 4), 16);
  expect(await gradients(norm * 1.01)).toEqual(free);
  await expect(gradients(0)).rejects.toThrow(OptionError);
});
