// Plays one rung of a convolution, or all of them, and holds them against the plain twin.
import { expect } from "vitest";
import { targetOf } from "../../src/gpu/device.js";
import { Memory } from "../../src/gpu/memory.js";
import { Player } from "../../src/gpu/player.js";
import { Recorder, tensor, type Rung, type Step, type Tensor } from "../../src/gpu/recorder.js";
import type { Convolution, Ladders } from "../../src/layers/convolution.js";
import { plan } from "../../src/plan.js";
import * as reference from "../reference/conv2d.js";
import { checked, expectClose, openTestDevice, random } from "../support.js";

/** Entry points that were played. */
export const dispatched = new Set<string>();

const BEHIND = new Float32Array(64).fill(NaN);  // behind each tensor: nobody reads it, or makes no use of it

/**
 * Records one rung, with these overrides and params where it has them, plays it on values, and gives what it wrote.
 * `tasks` as in Target, else the adapter's.
 */
export async function play<T extends string>(
  rung: Rung<Convolution, T>, d: Convolution, values: Record<string, Float64Array>, outputs: Record<string, number>,
  fused: Record<string, number> = {}, tasks?: number,
) {
  const device = await openTestDevice(), rec = new Recorder({ ...targetOf(device.adapter), ...tasks && { tasks } });
  const tensors: Record<string, Tensor> = {};
  for (const [name, v] of Object.entries(values)) tensors[name] = tensor(name, [v.length]);
  for (const [name, size] of Object.entries(outputs)) tensors[name] = tensor(name, [size]);
  rung.record(rec, tensors as Record<T, Tensor>, d);
  for (const { kernel } of rec.steps) dispatched.add(kernel.entry);
  const { addend, z } = tensors, own = new Map<Tensor, Tensor>();
  for (const [name, t] of Object.entries(tensors)) own.set(t, tensors[name] = tensor(name, [t.size + BEHIND.length]));
  const steps = rec.steps.map((step): Step => ({
    ...step, overrides: { ...step.overrides, ...fused }, params: { ...step.params, ...fused },
    tensors: Object.fromEntries(Object.entries({ ...step.tensors, ...addend && { addend }, ...z && { z } })
      .map(([name, t]) => [name, own.get(t) ?? t])),
  }));
  const memory = new Memory(device), bound = new Set(steps.flatMap((s) => Object.values(s.tensors)));
  const kept = Object.values(tensors).filter((t) => bound.has(t));
  const planned = plan([steps], kept.map((whole) => ({ whole, parts: new Map() })));
  return checked(device, async () => {
    await memory.grow(planned);
    for (const [name, t] of Object.entries(tensors)) if (bound.has(t))
      memory.write(t, Float32Array.of(...values[name] ?? new Float32Array(outputs[name]).fill(NaN), ...BEHIND));
    const player = await Player.prepare(memory, rung.name, steps);
    player.play();
    const got = await Promise.all(Object.entries(outputs).map(async ([name, size]) => {
      if (!bound.has(tensors[name])) return [name, undefined] as const;
      const found = await memory.read(tensors[name]);
      expect(found.subarray(size), `${rung.name}, behind ${name}`).toEqual(BEHIND);
      return [name, found.subarray(0, size)] as const;
    }));
    player.destroy();
    memory.destroy();
    return Object.fromEntries(got);
  });
}

/**
 * Holds every rung that fits, or `only` this one, of all three passes, against the twin. What they write starts as NaN.
 */
export async function agrees(
  d: Convolution & reference.Dim, ladders: Ladders, { only, tasks }: { only?: string; tasks?: number } = {},
): Promise<void> {
  const target = targetOf((await openTestDevice()).adapter);
  const x = random(1, d.N * d.H * d.W * d.C), weight = random(2, d.R * d.S * d.D * d.K), bias = random(3, d.K);
  const dy = random(4, d.N * d.P * d.Q * d.K), pixels = d.N * d.P * d.Q, abs = (v: Float64Array) => v.map(Math.abs);
  const want = { y: reference.forward(d, x, weight, bias), ...reference.backward(d, x, weight, dy) };
  const size = {
    y: reference.forward(d, abs(x), abs(weight), abs(bias)),
    ...reference.backward(d, abs(x), abs(weight), abs(dy)),
  };
  const fits = <T extends string>(ladder: readonly Rung<Convolution, T>[]) =>
    ladder.filter((r) => r.fits(d, target) && (only ?? r.name) === r.name);
  for (const rung of fits(ladders.forwardLadder)) {
    const { y } = await play(rung, d, { x, weight, bias }, { y: want.y.length }, {}, tasks);
    expectClose(`${rung.name} y`, y!, want.y, d.R * d.S * d.D, size.y);
  }
  for (const rung of fits(ladders.inputLadder)) {
    const { dx } = await play(rung, d, { weight, dy }, { dx: x.length }, {}, tasks);
    expectClose(`${rung.name} dx`, dx!, want.dx, d.R * d.S * d.F, size.dx);
  }
  for (const rung of fits(ladders.weightLadder)) {
    const { dweight, dbias } = await play(rung, d, { x, dy }, { dweight: weight.length, dbias: d.K }, {}, tasks);
    expectClose(`${rung.name} dweight`, dweight!, want.dweight, pixels, size.dweight);
    if (d.BIAS) expectClose(`${rung.name} dbias`, dbias!, want.dbias, pixels, size.dbias);
  }
}
