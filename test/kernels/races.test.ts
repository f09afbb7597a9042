// Every kernel with a barrier, interpreted: it has no race, and without any one of its barriers it has one.
import { expect, test } from "vitest";
import * as wgsl from "wgsl_reflect/wgsl_reflect.module.js";
import { readdirSync, readFileSync } from "node:fs";
import { probe } from "../../src/check/probe.js";
import { raced } from "../../src/check/races.js";
import { Recorder, root, tensor, type Rung, type Step, type Tensor } from "../../src/gpu/recorder.js";
import { batchNorm } from "../../src/layers/batchNorm.js";
import { forwardLadder, inputLadder, weightLadder, type Convolution } from "../../src/layers/convolution.js";
import { crossEntropy } from "../../src/losses/crossEntropy.js";
import { meanSquaredError } from "../../src/losses/meanSquaredError.js";
import { clipNorm } from "../../src/optimizers/clip.js";
import { random } from "../support.js";

const d: Convolution = {
  N: 1, H: 5, W: 5, C: 20, P: 5, Q: 5, K: 20, D: 20, F: 20, padding_h: 0, padding_w: 0,
  R: 1, S: 1, STRIDE_H: 1, STRIDE_W: 1, DILATION_H: 1, DILATION_W: 1, BIAS: 1,
};
const x = tensor("x", [1, 5, 5, 20]), weight = tensor("weight", [1, 1, 20, 20]), bias = tensor("bias", [20]);
const y = tensor("y", [1, 5, 5, 20]), dy = tensor("dy", y.shape), dx = tensor("dx", x.shape);
const dweight = tensor("dweight", weight.shape), dbias = tensor("dbias", [20]);

function tiled<T extends string>(ladder: readonly Rung<Convolution, T>[], t: Record<T, Tensor>): readonly Step[] {
  const rec = new Recorder({ tasks: 1 });
  ladder.find(({ name }) => name === "tiled")!.record(rec, t, d);
  return rec.steps;
}

/** Both passes of a batch norm whose rows are one column, or come in splits. */
function normed(rung: string): readonly Step[] {
  const { forward: there, backward: back } = probe(batchNorm(), [[70, 4]], { target: { rung } });
  return [...there, ...back];
}

function lost(loss: ReturnType<typeof crossEntropy>): readonly Step[] {
  const rec = new Recorder(), t = {
    x: tensor("x", [20, 3]), labels: tensor("labels", [20]), probs: tensor("probs", [20, 3]),
    rows: tensor("rows", [20, 2]), dx: tensor("dx", [20, 3]),
  };
  loss.whole!.record(rec, { ...t, clock: tensor("clock", [64]), ring: tensor("ring", [1024, 4]) } as never, 20, false);
  return rec.steps;
}

function clipped(): readonly Step[] {
  const rec = new Recorder();
  clipNorm(1)(rec, [tensor("gradients", [20_000])]);
  return rec.steps;
}

const steps = [
  ...tiled(forwardLadder, { x, weight, bias, y }), ...tiled(inputLadder, { weight, dy, dx }),
  ...tiled(weightLadder, { x, dy, dweight, dbias }),
  ...normed("column"), ...normed("split"), ...lost(crossEntropy()), ...lost(meanSquaredError()), ...clipped(),
];
const memory = () => {
  const tensors = steps.flatMap((s) => Object.values(s.tensors)).map((t) => root(t));
  return new Map(tensors.map((t) => {
    const zeros = t.name === "labels" || t.name === "clock";
    return [t, Float32Array.from(zeros ? new Float32Array(t.size) : random(1, t.size))] as const;
  }));
};
const BARRIER = "workgroupBarrier();";

/** The body of an entry point, from its name on. */
const bodyOf = ({ kernel: { code, entry } }: Step) => {
  const at = code.indexOf(`fn ${entry}(`), end = code.indexOf("\n@compute", at);
  return [at, end < 0 ? code.length : end] as const;
};
const guarded = steps.filter((s) => s.kernel.code.slice(...bodyOf(s)).includes(BARRIER));
const entries = [...new Map(guarded.map((s) => [s.kernel.entry, s]))];

test("all shaders with a barrier are here", () => {
  const source = (file: string) => readFileSync(`shaders/${file}`, "utf8");
  const files = readdirSync("shaders").filter((f) => f.endsWith(".wgsl") && source(f).includes("workgroupBarrier"));
  for (const file of files) {
    const name = file.replace(".wgsl", "_");
    expect(entries.some(([entry]) => entry.startsWith(name)), file).toBe(true);
  }
});

test.each(entries)("%s has no race, and has one without any of its barriers", (_, step) => {
  const { found, count } = raced(wgsl, step, memory());
  expect(found.map(({ message }) => message)).toEqual([]);
  expect(count).toBeGreaterThan(100);
  const { kernel } = step, [start, end] = bodyOf(step), body = kernel.code.slice(start, end).split(BARRIER);
  for (let i = 1; i < body.length; i++) {
    const less = body.slice(0, i).join(BARRIER) + body.slice(i).join(BARRIER);
    const code = kernel.code.slice(0, start) + less + kernel.code.slice(end);
    const races = raced(wgsl, { ...step, kernel: { ...kernel, code } }, memory()).found;
    const told = races.map(({ message }) => message).join("\n");
    expect(told, `without barrier ${i}`).toMatch(/no barrier stands between them/);
  }
});
