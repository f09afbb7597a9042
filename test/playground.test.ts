// The playground's examples are right by its own checks, what is wrong has its line and column,
// and a link holds a layer.
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { kernelsOf, makeLayer, placesOf } from "../examples/playground/layer.js";
import type { Action, Draft, FromWorker } from "../examples/playground/protocol.js";
import { fromHash, toHash } from "../examples/playground/share.js";
import { work } from "../examples/playground/work.js";
import { subset } from "../src/data/index.js";
import { fashionMnist } from "../src/node/data.js";
import { openTestDevice } from "./support.js";

const folder = "examples/playground/layers";
const names = readdirSync(folder).filter((f) => f.endsWith(".wgsl")).map((f) => f.replace(".wgsl", ""));
const read = (name: string) => ({
  shader: readFileSync(`${folder}/${name}.wgsl`, "utf8"),
  code: readFileSync(`${folder}/${name}.layer.js`, "utf8"),
});

const images = fashionMnist();
/** What a button's worker says of a draft. */
async function said(action: Action, draft: Draft): Promise<FromWorker[]> {
  const all: FromWorker[] = [], data = await images;
  await work(action, draft, {
    device: await openTestDevice(),
    data: () => Promise.resolve({ ...data, train: subset(data.train, 64), test: subset(data.test, 32) }),
    post(message) { all.push(message); },
  });
  return all;
}
const ofType = <T extends FromWorker["type"]>(all: readonly FromWorker[], type: T) =>
  all.filter((m): m is Extract<FromWorker, { type: T }> => m.type === type);
/** An example with a fault in its shader. */
const wrong = (name: string, from: string, to: string): Draft => {
  const { shader, code } = read(name);
  expect(shader).toContain(from);
  return { shader: shader.replace(from, to), code };
};

test.each(names)("the buttons find the example %s right, and LeNet trains with it", async (name) => {
  const draft = read(name), [gradients] = ofType(await said("gradients", draft), "checked");
  const [races] = ofType(await said("races", draft), "checked");
  expect([...gradients.findings, ...races.findings]).toEqual([]);
  expect(gradients.errors.map((e) => e.name)).toContain("dx");
  expect(gradients.looked.length).toBe(gradients.errors.length);
  for (const { name: tensor, planes: { data } } of gradients.errors) {
    const seen = data.filter((v) => !Number.isNaN(v));  // others were not looked at
    expect(Math.max(...seen), tensor).toBeLessThan(2e-3);
    expect(seen.length, tensor).toBeGreaterThan(0);
  }
  expect(races.looked.join()).toMatch(/accesses of .*tensors' bounds/);
  const ran = await said("run", draft);
  expect(ran.map(({ type }) => type)).toEqual(["values", "done"]);
  expect(ofType(ran, "values")[0].tensors.map((t) => t.name)).toEqual(["x", "y"]);
  const losses = ofType(await said("train", draft), "trained").flatMap((m) => m.losses);
  expect(losses).toHaveLength(4);
  expect(losses.every((l) => l > 0.5 && l < 4)).toBe(true);
});

test.each<[string, Action, Draft, string, RegExp, number | undefined]>([
  ["a mirrored window", "gradients",
    wrong("depthwise", "let row = h - i32(t / 3u) + 1;", "let row = h + i32(t / 3u) - 1;"),
    "dx", /^dx\[\d, \d, \d, \d\] is .*, differences say .* elements are off/, undefined],
  ["a sum that is not divided", "gradients",
    wrong("group-norm", "sums[group_of(i)] / f32(dim.PIXELS * (dim.C / dim.GROUPS))", "sums[group_of(i)]"),
    "dx", /^dx\[/, undefined],
  ["a slope without its sigmoid", "gradients",
    wrong("squeeze-excite", "sum * gate[id.x] * (1.0 - gate[id.x])", "sum * gate[id.x]"),
    "ddown", /^d(x|down|up)\[/, undefined],
  ["one element for all", "races",
    wrong("pooling", "y[i] = sqrt(sum);", "y[i % dim.C] = sqrt(sum);"),
    "y", /^pooling_forward, line \d+ \(y\[i % dim.C\] = sqrt\(sum\);\): .* writes byte \d+ of y/, 26],
  ["a write past the end, at a run", "run",
    wrong("swish", "y[i] = x[i]", "y[i + 3u] = x[i]"),
    "y", /^swish_forward writes past the end of y: to element 288 of 288/, undefined],
])("%s is found", async (_, action, draft, tensor, message, line) => {
  const [{ findings, places, errors }] = ofType(await said(action, draft), "checked");
  const first = findings.find((f) => f.tensor === tensor) ?? findings[0];
  expect(first.message).toMatch(message);
  if (line) expect(places[0]).toMatchObject({ file: "shader", line, message: first.message });
  if (action === "gradients") {
    const largest = Math.max(...errors.flatMap(({ planes }) => [...planes.data].filter((v) => !Number.isNaN(v))));
    expect(largest).toBeGreaterThan(0.01);
  }
});

test.each<[string, Draft, RegExp, number]>([
  ["a loop without an end",
    wrong("depthwise", "for (var t = 0u; t < 9u; t++) {", "for (var t = 0u; t < 9u; t *= 2u) {"),
    /^depthwise_forward, line \d+ .*: this loop does not end/, 28],
  ["a syntax error", wrong("swish", "let s = 1.0", "let s == 1.0"), /expected .* for 'let'/, 24],
  ["a name that is not bound", wrong("swish", "y[i] = x[i]", "y[i] = z[i]"), /unresolved value 'z'/, 17],
])("%s is told at its line", async (_, draft, message, line) => {
  const error = await said("run", draft).then(() => undefined, (e: unknown) => e), places = placesOf(error);
  expect(places[0]).toMatchObject({ file: "shader", message: expect.stringMatching(message) });
  expect(places[0].line).toBe(line);
});

test("a loop that ends on drawn values and not in training is left, and told at its line", async () => {
  // more than the values that are drawn
  const draft = wrong("swish", "  y[i] = x[i]", "  while (x[i] > 2.25) { }\n  y[i] = x[i]");
  for (const action of ["run", "gradients"] as const) expect((await said(action, draft)).at(-1)!.type).toBe("done");
  const error = await said("train", draft).then(() => undefined, (e: unknown) => e);
  expect(placesOf(error)).toMatchObject([{ file: "shader", line: 17, message: expect.stringMatching(
    /^swish_forward, line 17 \(while .*\): this loop does not end; it was left after 1,048,576 turns$/) }]);
});

test("a tensor that a shader does not bind, or that is not given, is told by its name", async () => {
  const { shader, code } = read("swish");
  const given = (from: string, to: string) => said("run", { shader, code: code.replace(from, to) });
  await expect(given("{ x, y }, { size", "{ x }, { size")).rejects.toThrow(/\by\b/);
  await expect(given("{ x, y }, { size", "{ x, y, z: y }, { size")).rejects.toThrow(/\bz\b/);
});

test("what is wrong has its place", async () => {
  const { shader, code } = read("swish");
  const fault = async (of: { shader?: string; code?: string }) =>
    makeLayer(of.shader ?? shader, of.code ?? code).then(() => [], (error: unknown) => placesOf(error));
  expect(await fault({ shader: shader.replace("@binding(2)", "@binding(1)") }))
    .toMatchObject([{ file: "shader", line: 10, column: 1 }]);
  expect(await fault({ code: "\n  const a = b;\n" }))
    .toMatchObject([{ file: "layer", line: 2, column: 13, message: "b is not defined" }]);
  await expect(makeLayer(shader, "return {};")).rejects.toThrow(/returns no layer; end it with/);
  await expect(makeLayer(shader, code.replace("[2, 6, 6, 4]", "[2, 6]"))).rejects.toThrow(/four integers/);
  await expect(makeLayer(shader, "kernels.nothing"))
    .rejects.toThrow(/no entry point "nothing", only swish_forward, swish_backward/);
  expect(() => kernelsOf("fn a() {}")).toThrow(/no entry point/);
});

test("a link holds a layer", async () => {
  const draft = { shader: "// √ £ 3×3\n".repeat(50), code: "return 1;" }, hash = await toHash(draft);
  expect(hash).toMatch(/^#layer=[\w-]{20,150}$/);
  expect(await fromHash(hash)).toEqual(draft);
  expect(await fromHash("#about")).toBeUndefined();
  await expect(fromHash(hash.slice(0, 30))).rejects.toThrow(/damaged/);
});
