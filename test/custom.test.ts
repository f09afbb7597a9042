// A layer of one's own is a layer: in sequential, summary, checkpoints, fusion, profiles; and what is forgotten is told
// while the network is built.
import { describe, expect, test } from "vitest";
import {
  conv2d, flatten, forward, linear, maxPool2d, ones, relu, sequential, sgd, stateDict, summary, train, type Part,
} from "../src/index.js";
import { passOf } from "../src/profile/cost.js";
import { profile } from "../src/profile/profile.js";
import { Session } from "../src/train/session.js";
import { readWeights } from "../src/train/weights.js";
import { defineLayer, kernel, tensor, type LayerDefinition } from "../src/wgsl/index.js";
import { noise } from "./noise.js";
import { saved } from "./runs.js";
import { definition, dims, scale_forward, text } from "./scale.js";
import { swish } from "./specimens.js";
import { openTestDevice } from "./support.js";

const net = () => sequential(
  conv2d({ filters: 4, kernel: 5 }), defineLayer(definition), swish(), relu(), maxPool2d({ kernel: 2 }),
  conv2d({ filters: 8, kernel: 3 }), swish(), relu(), maxPool2d({ kernel: 2 }),
  flatten(), linear({ units: 10 }));
const data = noise(32, [1, 28, 28]);

test("it runs, is summed up, and trains; its checkpoint goes on to the same bits", async () => {
  const device = await openTestDevice(), x = { shape: [1, 2, 1, 2], data: [1, 2, 3, 4] };
  const weights = new Map([["gain", { shape: [2], data: Float32Array.of(10, -1) }]]);
  expect([...(await forward(defineLayer(definition), { device, x, weights })).data]).toEqual([10, 20, -3, -4]);
  expect(String(summary(net(), { input: [1, 28, 28], batch: 8 }))).toMatch(/^1 \(scale\).*\n2 \(swish\)/m);
  const open = () =>
    train(net(), { device, data, batch: 8, epochs: 2, seed: 3, optimizer: sgd({ lr: 0.02, momentum: 0.9 }) });
  const half = await saved(await open(), 4), rest = await open(), gain = stateDict(half).get("1.gain")!;
  expect(gain.shape).toEqual([4]);
  expect(gain.data).not.toEqual(Float32Array.of(1, 1, 1, 1));
  rest.restore(half);
  expect(await saved(rest)).toEqual(await saved(await open()));
});

test("activations and slopes are fused into elementwise(), to the same bits; a profile knows its passes", async () => {
  const roofline = { flops: 1e10, bandwidth: 1e10, dispatch: 1e-9, host: 1e-6, clock: "wall clock" } as const;
  const end = async (fuse: boolean) => {
    const session = await Session.open(net(), {
      device: await openTestDevice(), input: [1, 28, 28], batches: [8], data, optimizer: sgd({ lr: 0.05 }), seed: 1,
      fuse,
    });
    for (let i = 0; i < 3; i++) session.step(Uint32Array.from({ length: 8 }, (_, k) => (3 * k + i) % 32));
    const weights = await readWeights(session.memory, session.network), { steps } = session.programs[0];
    const rows = fuse ? (await profile(session, { rounds: 1, clock: "wall clock", roofline })).rows : [];
    session.destroy();
    return { weights, steps, rows };
  };
  const fused = await end(true), apart = await end(false);
  const count = (steps: typeof fused.steps, entry: string) =>
    steps.filter(({ kernel }) => kernel.entry === entry).length;
  expect([count(apart.steps, "activation_forward"), count(fused.steps, "activation_forward")]).toEqual([2, 0]);
  expect([count(apart.steps, "elementwise_forward"), count(fused.steps, "elementwise_forward")]).toEqual([2, 2]);
  expect(fused.weights).toEqual(apart.weights);
  expect(apart.weights.get("10.weight")!.data.every(Number.isFinite)).toBe(true);
  const passes = fused.rows.filter(({ path }) => path === "1").map(({ pass }) => pass);
  expect(passes).toEqual(["forward", "input gradient", "weight gradient"]);
  expect(fused.steps.filter(({ path }) => path === "2").map(passOf)).toEqual(["forward", "input gradient"]);
});

describe("what is forgotten or wrong is told", () => {
  type Definition = LayerDefinition<"gain">;
  const x = [2, 3, 3, 4], scratch = tensor("scratch", x);
  /** Builds and records a training step around the layer. */
  const built = (change: object) => async () => {
    const own = defineLayer({ ...definition, ...change });
    const part: Part = sequential(conv2d({ filters: 4, kernel: 3 }), own, flatten(), linear({ units: 10 }));
    const session = await Session.open(part, {
      device: await openTestDevice(), input: [1, 28, 28], batches: [8], data, optimizer: sgd({ lr: 0.05 }),
    });
    session.destroy();
  };
  const forwards = (forward: Definition["forward"]) => ({ forward });
  const backwards = (backward: Definition["backward"]) => ({ backward });
  test.each<[what: string, change: object, why: string]>([
    ["no name", { name: "" }, 'a layer has a name, not ""'],
    ["no backward", { backward: undefined },
      "scale: backward is missing; backward(rec, { x, dy, dx }) records what computes the gradients: "
      + "without it nothing before this layer learns"],
    ["a tensor called y", { params: () => ({ y: { shape: [4], init: ones } }) },
      'scale: a tensor cannot be called "y"'],
    ["a parameter without first values", { params: () => ({ gain: { shape: [4] } }) },
      "scale: params().gain has no init; give first values, such as init: zeros or kaimingNormal"],
    ["a shape of halves", { shape: () => [2, 1.5, 3, 4] },
      "1 (scale): shape() of scale is [2, 1.5, 3, 4]; a shape is a list of integers of at least 1"],
    ["a shape that is none", { shape: () => undefined }, "1 (scale): shape() of scale is [undefined]"],
    ["nothing recorded", { forward() {} }, "scale, forward: no dispatch writes y; nothing was dispatched"],
    ["a missing gradient",
      backwards((rec, { x, gain, dy, dx }) => {
        if (dx) rec.dispatch(scale_forward, { x: dy, weight: gain, y: dx }, dims(x), 1);
      }),
      "scale, backward: no dispatch writes dgain"],
    ["an unknown tensor", { forward: (rec: never, { wieght }: Record<string, never>) => [rec, wieght] },
      'scale, forward: there is no tensor "wieght", only x, gain, y'],
    ["an unbound tensor", forwards((rec, { x, y }) => rec.dispatch(scale_forward, { x, y }, dims(x), y.size)),
      'scale, forward, scale_forward: nothing is bound to "weight"; '
      + "the shader names x, weight, y, dispatch() got x, y"],
    ["one too many",
      forwards((rec, { x, gain, y }) =>
        rec.dispatch(scale_forward, { x, weight: gain, bias: gain, y }, dims(x), y.size)),
      `scale, forward, scale_forward: the shader's entry point has no tensor "bias", only x, weight, y`],
    ["a missing param",
      forwards((rec, { x, gain, y }) => rec.dispatch(scale_forward, { x, weight: gain, y }, { M: 9 }, y.size)),
      "scale, forward, scale_forward: param C: u32 cannot be undefined; give it in dispatch()'s third argument"],
    ["a grid of nothing",
      forwards((rec, { x, gain, y }) => rec.dispatch(scale_forward, { x, weight: gain, y }, dims(x), 0)),
      "a grid of [NaN, 0, 1] workgroups; give dispatch() a number of invocations"],
    ["in place",
      forwards((rec, { x, gain }) => rec.dispatch(scale_forward, { x, weight: gain, y: x }, dims(x), x.size)),
      '"y" is written and "x" read, but both are 0.y; WebGPU refuses that'],
    ["a write to a parameter",
      forwards((rec, { x, gain, y }) => {
        rec.dispatch(scale_forward, { x, weight: gain, y }, dims(x), 1);
        rec.dispatch(scale_forward, { x, weight: scratch, y: gain }, dims(x), 1);
      }),
      "scale, forward: a dispatch writes gain, which is not this pass's to write"],
  ])("%s", async (_, change, why) => {
    await expect(built(change)()).rejects.toThrow(why);
  });

  test("a workgroup size of another name needs a grid", () => {
    const own = kernel(text.replaceAll("WORKGROUP", "LANES"), { entry: "scale_forward" });
    const change = forwards((rec, { x, gain, y }) => rec.dispatch(own, { x, weight: gain, y }, dims(x), y.size));
    return expect(built(change)()).rejects
      .toThrow('write "override WORKGROUP: u32 = 64;", or give dispatch() a grid of three');
  });
});
