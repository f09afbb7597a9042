// The playground's examples are right by its own checks, what is wrong has its line and column, and a link holds a layer.
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { kernelsOf, makeLayer, placesOf } from "../examples/playground/layer.js";
import { fromHash, toHash } from "../examples/playground/share.js";
import { checkBounds, checkGradients, checkRaces } from "../src/check/index.js";
import { openTestDevice } from "./support.js";

const folder = "examples/playground/layers", names = readdirSync(folder).filter((f) => f.endsWith(".wgsl")).map((f) => f.replace(".wgsl", ""));
const read = (name: string) => ({ shader: readFileSync(`${folder}/${name}.wgsl`, "utf8"), code: readFileSync(`${folder}/${name}.layer.js`, "utf8") });

test.each(names)("the example %s is right", async (name) => {
  const device = await openTestDevice(), { shader, code } = read(name), { layer, input } = await makeLayer(shader, code);
  const seen: string[] = [];
  for (const report of [await checkGradients(layer, [input], { device, elements: 12, seen: (tensor) => { seen.push(tensor); } }), await checkBounds(layer, [input], { device }), await checkRaces(layer, [input])]) expect(report.ok, String(report)).toBe(true);
  expect(seen[0]).toBe("dx");
});

test("a wrong gradient is found in an example", async () => {
  const device = await openTestDevice(), { shader, code } = read("depthwise"), wrong = shader.replace("let row = h - i32(t / 3u) + 1;", "let row = h + i32(t / 3u) - 1;");
  expect(wrong).not.toBe(shader);
  const { layer, input } = await makeLayer(wrong, code);
  expect(String(await checkGradients(layer, [input], { device, elements: 12 }))).toMatch(/✗ depthwise.*\n.*dx\[/);
});

test("what is wrong has its place", async () => {
  const { shader, code } = read("swish"), fault = async (of: { shader?: string; code?: string }) => makeLayer(of.shader ?? shader, of.code ?? code).then(() => [], (error: unknown) => placesOf(error, of.shader ?? shader));
  expect(await fault({ shader: shader.replace("@binding(2)", "@binding(1)") })).toMatchObject([{ file: "shader", line: 10, column: 1 }]);
  expect(await fault({ code: "\n  const a = b;\n" })).toMatchObject([{ file: "layer", line: 2, column: 13, message: "b is not defined" }]);
  await expect(makeLayer(shader, "return {};")).rejects.toThrow(/returns no layer; end it with/);
  await expect(makeLayer(shader, code.replace("[2, 6, 6, 4]", "[2, 6]"))).rejects.toThrow(/four integers/);
  await expect(makeLayer(shader, "kernels.nothing")).rejects.toThrow(/no entry point "nothing", only swish_forward, swish_backward/);
  expect(() => kernelsOf("fn a() {}")).toThrow(/no entry point/);
});

test("a link holds a layer", async () => {
  const draft = { shader: "// √ £ 3×3\n".repeat(50), code: "return 1;" }, hash = await toHash(draft);
  expect(hash).toMatch(/^#layer=[\w-]{20,150}$/);
  expect(await fromHash(hash)).toEqual(draft);
  expect(await fromHash("#about")).toBeUndefined();
  await expect(fromHash(hash.slice(0, 30))).rejects.toThrow(/damaged/);
});
