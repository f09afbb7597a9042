// What layers of one's own record, without a GPU: what defineLayer(), kernel() and dispatch() refuse,
// and with which words.
import { expect, test } from "vitest";
import { probe } from "../src/check/probe.js";
import { bake } from "../src/gpu/kernel.js";
import { ones } from "../src/index.js";
import { checkEnds } from "../src/check/index.js";
import { defineLayer, kernel, type LayerDefinition } from "../src/wgsl/index.js";
import { pointwise, pointwiseText } from "./pointwise.js";
import { openTestDevice } from "./support.js";

const large = [[66, 32, 32, 64]];
const unfolding = pointwiseText()
  .replaceAll("id: vec3u)", "id: vec3u, @builtin(num_workgroups) groups: vec3u)")
  .replaceAll("let i = id.x;", "let i = id.y * groups.x * WORKGROUP + id.x;");

test("more than 65,535 workgroups need a kernel that undoes fold()", () => {
  expect(probe(pointwise(unfolding), large).forward[0].grid).toEqual([33792, 2, 1]);
  expect(() => probe(pointwise(), large)).toThrow(expect.objectContaining({
    code: "limit",
    message: "t, forward: 4325376 invocations are more than a kernel without num_workgroups takes; "
      + "use a smaller batch, or take @builtin(num_workgroups) groups: vec3u "
      + "and let i = id.y * groups.x * WORKGROUP + id.x;",
  }));
  const half = unfolding
    .replace(/(fn t_backward\(.*?), @builtin\(num_workgroups\) groups: vec3u/, "$1 /* num_workgroups */")
    .replace(/(fn t_backward[\s\S]*?)id\.y \* groups\.x \* WORKGROUP \+ /, "$1");
  const [forward, backward] = ["t_forward", "t_backward"].map((entry) => kernel(half, { entry }));
  expect([forward.rows, backward.rows]).toEqual([undefined, 1]);
  expect(() => probe(pointwise(half), large)).toThrow("t, backward: 4325376 invocations");
});

const shapes = [[2, 3, 3, 4]], plain = pointwiseText(), f = kernel(plain, { entry: "t_forward" });
test.each<[what: string, dispatch: unknown[], why: string]>([
  ["no kernel", [undefined, "xy", { size: 72 }, 72],
    "t, forward: dispatch() takes a kernel first, as kernel(text, { entry }) makes it, not undefined"],
  ["no tensors", [f, undefined, { size: 72 }, 72],
    "t, forward, t_forward: dispatch() takes tensors second, by their names in the shader, not undefined"],
  ["no params", [f, "xy", undefined, 72],
    "t, forward, t_forward: dispatch() takes params third, by name, or {} where there are none, not undefined"],
  ["no work", [f, "xy", { size: 72 }],
    "t, forward, t_forward: dispatch() takes work last, a number of invocations or a grid of three, not undefined"],
  ["work in words", [f, "xy", { size: 72 }, "72"], "dispatch() takes work last"],
  ["a misspelt override", [f, "xy", { size: 72, WROKGROUP: 32 }, 72],
    't, forward, t_forward: the shader has no param or override "WROKGROUP", only size, WORKGROUP'],
])("%s is told", (_, [k, tensors, params, work], why) => {
  const layer = pointwise(plain, {
    forward(rec, { x, y }) {
      const as = rec as { dispatch(...of: unknown[]): void };
      as.dispatch(k, tensors === "xy" ? { x, y } : tensors, params, work);
    },
  });
  const want = { code: "shader", message: expect.stringContaining(why) };
  expect(() => probe(layer, shapes)).toThrow(expect.objectContaining(want));
});

test("what is no definition, no text, no first values", () => {
  expect(() => defineLayer(undefined as never))
    .toThrow("defineLayer() takes a definition, { name, forward, backward, … }, not undefined");
  expect(() => kernel(undefined as never)).toThrow("kernel() takes a shader's text, not undefined");
  const of = (params: object) => pointwise(plain, { params: () => params } as Partial<LayerDefinition>);
  expect(() => probe(of({ w: { shape: [3], init: () => [1, 2, 3] } }), shapes))
    .toThrow("t: params().w: init gives a Float32Array of 3 values, not 1,2,3");
  expect(() => probe(of({ w: { shape: [3], init: () => new Float32Array(2) } }), shapes))
    .toThrow("t: params().w: init gives a Float32Array of 3 values, not 2 of them");
});

test("names are checked each time, and a gradient's name is refused", () => {
  const called = (name: string) => ({ params: () => ({ [name]: { shape: [1], init: ones } }) });
  const of = (name: string) => pointwise(plain, called(name) as Partial<LayerDefinition>), y = of("y");
  for (let time = 0; time < 2; time++) expect(() => probe(y, shapes)).toThrow('t: a tensor cannot be called "y"');
  expect(() => probe(of("dx"), shapes)).toThrow('t: a tensor cannot be called "dx": that is the gradient of x');
  expect(() => probe(of("x"), shapes)).toThrow('t: a tensor cannot be called "x"; names are words, each used once');
});

test("a local hides a tensor of its name, from behind its declaration to the end of its block", () => {
  const bound = (body: string) =>
    Object.keys(kernel(pointwiseText(undefined, body), { entry: "t_backward" }).bindings).join();
  expect(bound("let y = 2.0; dx[i] = y * dy[i];")).toBe("dy,dx");
  expect(bound("let y = y[i]; dx[i] = y * dy[i];")).toBe("y,dy,dx");
  expect(bound("if (i > 3u) { let y = 2.0; dx[i] = y; } dx[i] = y[i];")).toBe("y,dx");
  expect(bound("for (var y = 0u; y < 3u; y++) { dx[i] = f32(y); } dx[i] += x[i];")).toBe("x,dx");
  expect(bound("for (var y = 0u; y < 3u; y++) { dx[i] = f32(y); } dx[i] += y[i];")).toBe("y,dx");
});

test.each([
  ["64u", "u32", 64], ["1.5f", "f32", 1.5], ["0x1F", "u32", 31], ["-0x10i", "i32", -16],
  ["1e+2", "f32", 100], ["-2.5e-1", "f32", -0.25], [".5", "f32", 0.5], ["true", "bool", 1],
] as const)("an override of %s", (literal, type, value) => {
  const { overrides } = kernel(`override A: ${type} = ${literal};\n${plain}`, { entry: "t_forward" });
  expect(overrides).toEqual({ A: value, WORKGROUP: 64 });
});

test.each([
  ["u32", 1.5], ["u32", -1], ["i32", 0.5], ["f32", NaN], ["f32", Infinity], ["bool", undefined],
])("a constant of type %s cannot be %s", (type, value) => {
  expect(() => bake(`override A: ${type} = 1;\n`, { A: value! })).toThrow(`override A: ${type} cannot be ${value}`);
});

test("loops are counted where the entry point comes to them", async () => {
  const before = "fn twice(v: f32) -> f32 { return 2.0 * v; }\nfn idle() { loop { break; } }\n";
  const loop = "for (var k = 0u; k < 2u; k++) { dx[i] = f32(k) * 2.0 * dy[i]; }";
  const layer = pointwise(pointwiseText("y[i] = twice(x[i]);", loop, { before }));
  expect((await checkEnds(layer, shapes, { device: await openTestDevice() })).looked).toEqual(["1 loop of t_backward"]);
});
