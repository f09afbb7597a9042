import { describe, expect, test } from "vitest";
import { elementwise_backward, elementwise_forward } from "../../src/generated/elementwise.js";
import { Recorder, tensor } from "../../src/gpu/recorder.js";
import { elementwise } from "../../src/wgsl/index.js";
import { expression } from "../../src/wgsl/expression.js";
import { epilogue, expectClose, expectGradient, gpu, random, run, runners } from "../support.js";

/** Formulas and how far their functions may be from f64's, in terms of expectClose. */
const layers: Record<string, { forward: string; backward: string; terms?: number }> = {
  "swish": { forward: "x / (1.0 + exp(-x))", backward: "dy / (1.0 + exp(-x)) * (1 + x - x / (1.0 + exp(-x)))" },
  "sigmoid by y": { forward: "1 / (1 + exp(-x))", backward: "dy * y * (1 - y)" },
  "mish": {
    forward: "x * tanh(log(1 + exp(x)))",
    backward: "dy * (tanh(log(1 + exp(x))) + x * (1 - pow(tanh(log(1 + exp(x))), 2)) / (1 + exp(-x)))",
    terms: 64,
  },
  "whole powers": {
    forward: "pow(x, 3) + pow(x, 2) / 2 - pow(x, 1) + pow(x, 0) + pow(x, 15) + pow(x * 0.5 - 2, -4)",
    backward: "dy * (3 * pow(x, 2) + x - 1 + 15 * pow(x, 14) - 2 * pow(x * 0.5 - 2, -5))",
    terms: 64,
  },
  "hard tanh": { forward: "clamp(x, -.5, 5e-1)", backward: "dy * select(0, 1, (x > -0.5) & !(x >= 0.5))" },
  "every function": {
    forward: "fma(abs(x), sign(x), 2) + floor(3 * x) + ceil(x) + fract(x) + round(4 * x) + trunc(5 * x)"
      + " + mix(x, 1, 0.25) + step(0.1, x) + saturate(x) + smoothstep(-1, 1, x) + min(x, 0.2) + max(x, 0.1)"
      + " + cos(x) * sin(x) + cosh(x) + sinh(x) + tan(x) + acos(x) + asin(x) + atan(x) + atan2(x, 2)"
      + " + exp2(x) + log(x + 2) + log2(x + 3) + sqrt(x + 1.5) + inverseSqrt(x + 2)"
      + " + select(-x, x, (x < 0) | (x <= 0.3) & (x == x) | (x != 0.5))",
    backward: "dy",
    terms: 4096,
  },
};
const kernels = (layer: ReturnType<typeof elementwise>) => {
  const rec = new Recorder({ rung: "plain" }), [x, y, dy, dx] = ["x", "y", "dy", "dx"].map((name) => tensor(name, [8]));
  if ("view" in layer || layer.backward === "dy") throw expect.fail(layer.name);
  layer.shape(x.shape);
  layer.forward(rec, { x, y }, { training: true });
  layer.backward(rec, { x, y, dy, dx }, { training: true });
  return { steps: rec.steps, forward: rec.steps[0].kernel, backward: rec.steps[1].kernel };
};

describe.each(Object.entries(layers))("elementwise, %s", (name, { forward, backward, terms = 16 }) => {
  const f = expression("f", forward, { x: "u" }), g = expression("g", backward, { x: "u", y: "v", dy: "w" });
  const x = random(1, 36).map((v) => Math.fround(v * 0.99)), dy = random(2, 36), y = x.map((v) => f.evaluate({ x: v }));
  const dx = x.map((v, i) => g.evaluate({ x: v, y: y[i], dy: dy[i] }));
  const kernel = kernels(elementwise({ name, forward, backward }));

  if (backward !== "dy") test("its formulas are each other's derivative", () => {
    const away = x.map((v) => Math.abs(Math.abs(v) - 0.5) < 1e-3 ? v + 0.01 : v);  // of hard tanh's corners
    const slopes = away.map((v, i) => g.evaluate({ x: v, y: f.evaluate({ x: v }), dy: dy[i] }));
    expectGradient("dx", () => away.map((v) => f.evaluate({ x: v })), dy, away, slopes);
  });

  test.each(Object.keys(runners))("agrees with its formulas in f64 on the %s, one element and four", async (where) => {
    if (where === "interpreter" && name === "every function")  // it knows fewer of them
      return expect(kernel.forward.code).toContain("fma(");
    const { y: got } = await run(runners[where], kernel.forward, { x }, { y: 36 }, { size: 36 });
    const { dx: grad } = await run(runners[where], kernel.backward, { x, known: y, dy }, { dx: 36 }, { size: 36 });
    expectClose("y", got, y, terms);
    expectClose("dx", grad, dx, terms);
    if (where !== "gpu") return;
    expect((await run(gpu, kernel.forward, { x }, { y: 36 }, { size: 36, WIDTH: 4 })).y).toEqual(got);
    expect((await run(gpu, kernel.backward, { x, known: y, dy }, { dx: 36 }, { size: 36, WIDTH: 4 })).dx).toEqual(grad);
  });
});

test("without formulas it is the identity; epilogues that fuse.ts puts behind it", async () => {
  const x = random(1, 40), behind = epilogue(40);
  const { y } = await run(gpu, elementwise_forward, { x }, { y: 40 }, { size: 40, ACTIVATION: 1 });
  expect(y).toEqual(Float32Array.from(x, (v) => Math.max(v, 0)));
  const given = { x, known: x, dy: x, ...behind.values };
  const { dx } = await run(gpu, elementwise_backward, given, { dx: 40 }, { size: 40, ...behind.params });
  expectClose("dx", dx, behind.of(x), 4);
});

test("powers are products where the exponent is an integer that is written", () => {
  const texts = ["pow(x, 3)", "pow(-x, -2.0)", "pow(x, 2.5)", "pow(x, 16)", "pow(x, x)"];
  expect(texts.map((text) => expression("f", text, { x: "u" }).wgsl)).toEqual([
    "whole_power(u, 3u)", "(Value(1.0) / whole_power((-u), 2u))",
    "pow(u, Value(2.5))", "pow(u, Value(16.0))", "pow(u, u)",
  ]);
});

test("in f64: halves are rounded to even integers, and what is equal is told from what is less", () => {
  const at = (text: string, ...x: number[]) => x.map((v) => expression("f", text, { x: "u" }).evaluate({ x: v }) + 0);
  expect(at("round(x)", -1.5, -0.5, 0.5, 1.5, 2.5, 2.6)).toEqual([-2, 0, 0, 2, 2, 3]);
  const signs = ["<", "<=", ">", ">=", "==", "!="].map((sign) => `select(0, 1, x ${sign} 1)`);
  expect([...signs, "step(1, x)"].map((text) => at(text, 0, 1, 2).join("")))
    .toEqual(["100", "110", "001", "011", "010", "101", "011"]);
});

test("backward keeps only what its formula names", () => {
  const bound = (backward: string) => {
    const { x, known } = kernels(elementwise({ name: "f", forward: "x", backward })).steps[1].tensors;
    return [x.name, known.name];
  };
  const all = Object.fromEntries(["dy * x", "dy * y", "dy * x * y", "dy"].map((text) => [text, bound(text)]));
  expect(all).toEqual({ "dy * x": ["x", "dy"], "dy * y": ["dy", "y"], "dy * x * y": ["x", "y"], "dy": ["dy", "dy"] });
});

test.each([
  ["x + foo", 'column 5: there is no "foo" here, only x, and WGSL\'s functions'],
  ["x + ", "column 4: the formula ends where a number is needed"],
  ["x; discard", 'column 2: ";" has no place in a formula'],
  ["select(0, 1, x)", "column 14: this is a number, and a comparison is needed"],
  ["x > 0", "column 1: this is true or false, and a number is needed"],
  ["max(x)", "column 1: max takes 2 arguments, not 1"],
  ["x * (1 + x", 'column 11: expected ")", but the formula ends'],
  ["tanhh(x)", 'column 1: there is no function "tanhh"'],
  ["2 x", 'column 3: unexpected "x"'],
  ["x * 1e39", "column 5: 1e39 is more than an f32 holds"],
  ["(x > 0) && (x < 1)", "column 9: write & instead of &&"],
  ["x[0]", 'column 2: "[" has no place in a formula'],
  ["constructor", 'there is no "constructor"'],
  ["toString(x)", 'there is no function "toString"'],
  ["1u", 'unexpected "u"'],
])("%s is refused", (forward, why) => {
  expect(() => elementwise({ name: "f", forward, backward: "dy" })).toThrow(`f, forward, `);
  expect(() => elementwise({ name: "f", forward, backward: "dy" })).toThrow(why);
});

test("a backward formula without dy, or none at all, is refused", () => {
  expect(() => elementwise({ name: "f", forward: "x", backward: "1" }))
    .toThrow("f, backward: dx does not depend on dy; by the chain rule");
  expect(() => elementwise({ name: "f", forward: "x" } as never)).toThrow("f: backward is a formula, such as");
});
