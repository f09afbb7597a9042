// kernel() and its reader: the same as wgsl_reflect says, and every broken rule told with line and column.
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { WgslReflect } from "wgsl_reflect/wgsl_reflect.module.js";
import * as library from "../src/generated/library.js";
import { bake, PARAMS, type Kernel } from "../src/gpu/kernel.js";
import { reflect } from "../src/wgsl/reflect.js";
import { kernel } from "../src/wgsl/index.js";
import { words } from "./words.js";

const files = readdirSync("shaders").filter((f) => f.endsWith(".wgsl"));
const shaders = files.map((f) => [f, readFileSync(`shaders/${f}`, "utf8")] as const);

test.each(shaders)("the reader sees in %s what wgsl_reflect sees", (_, source) => {
  const got = reflect(source, (name) => library[name as keyof typeof library]);
  const { entry, uniforms } = new WgslReflect(got.code);
  expect(Object.entries(got.entries)).toEqual(entry.compute.map(({ name, resources }) => {
    const tensors = resources.filter((r) => r.group === 0).sort((a, b) => a.binding - b.binding);
    return [name, Object.fromEntries(tensors.map((r) => [r.name, [r.binding, r.access]]))];
  }));
  expect(Object.entries(got.params)).toEqual((uniforms[0]?.members ?? []).map((m) => [m.name, m.type.name]));
});

test.each(shaders)("kernel() makes of %s at run time what the build makes", async (file, text) => {
  const inOrder = (k: Pick<Kernel, "params" | "bindings">) =>
    [...Object.entries(k), ...Object.keys(k.params), ...Object.keys(k.bindings)];
  const generated = await import(`../src/generated/${file.slice(0, -5)}.ts`) as Record<string, Kernel>;
  for (const [entry, built] of Object.entries(generated)) {
    const { code, rows, origin, ...rest } = kernel(text, { entry }), { code: bare, ...known } = built;
    expect(inOrder(rest), entry).toEqual(inOrder(known));
    const signature = code.slice(code.indexOf(`fn ${entry}(`)).split("{")[0];
    expect(rows, entry).toBe(signature.includes("num_workgroups") ? undefined : 1);
    if (origin) {
      const source = text.split("\n"), kept = code.split("\n").filter((line, i) => line === source[origin[i] - 1]);
      expect(kept.length, entry).toBeGreaterThan(source.length - 10);
    }
    expect(words(code), "the text, but for comments and spaces").toEqual(words(bare));
  }
});

const good = `override WORKGROUP: u32 = 64;
struct Params { size: u32, scale: f32 }
@group(1) @binding(0) var<uniform> dim: Params;
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
/* @group(0) @binding(1) var<storage> z; // fn } */
fn twice(x: f32) -> f32 { return 2.0 * x; }
@compute @workgroup_size(WORKGROUP, 1, 1)
fn scaled(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= dim.size) { return; }
  y[id.x] = twice(dim.scale);
}
`;

test("a text of your own: comments, parameters and members are no bindings", () => {
  expect(kernel(good)).toEqual({
    code: good, entry: "scaled", bindings: { y: [1, "read_write"] }, params: { size: "u32", scale: "f32" },
    overrides: { WORKGROUP: 64 }, rows: 1,
  });
  expect(Object.keys(kernel(good.replace("dim.scale", "v.x + x[id.x]")).bindings)).toEqual(["x", "y"]);
  const turned = good.replace("@group(0) @binding(1)", "@binding(1) @group(0)");
  expect(kernel(turned).bindings).toEqual(kernel(good).bindings);
});

const binding = (n: number) => `@group(0) @binding(${n}) var<storage, read> b${n}: array<f32>;\n`;
const eight = Array.from({ length: 8 }, (_, i) => i + 2);
const nine = eight.map(binding).join("") + good.replace("dim.scale", eight.map((n) => `b${n}[0]`).join(" + "));
test.each<[what: string, text: string, where: string, why: string]>([
  ["no entry point", good.replace("@compute", ""), "line 1, column 1", "there is no entry point"],
  ["one workgroup size", good.replace("WORKGROUP, 1, 1", "64"),
    "line 8, column 1", "scaled has 1 of three workgroup sizes"],
  ["an override without a default", good.replace("u32 = 64", "u32"),
    "line 1, column 1", "override WORKGROUP is written at the start of a line"],
  ["a binding twice", good.replace("binding(1)", "binding(0)"),
    "line 5, column 1", "@group(0) @binding(0) is x already; give y a number of its own"],
  ["a binding where Params go", good.replace("@binding(1)", "@binding(99)"),
    "line 5, column 1", "y is at binding 99; number bindings from 0 to 98"],
  ["a tensor in group 2", good.replace("@group(0) @binding(1)", "@group(2) @binding(1)"),
    "line 5, column 1", "y is var<storage> at @group(2) @binding(1)"],
  ["a uniform in group 0", good.replace("@group(1) @binding(0)", "@group(0) @binding(2)"),
    "line 3, column 1", "dim is var<uniform> at @group(0) @binding(2)"],
  ["a texture", good.replace("var<storage, read> x: array<f32>", "var x: texture_2d<f32>"),
    "line 4, column 1", "x is no buffer at"],
  ["a group that is no literal", good.replace("@group(0) @binding(1)", "@group(G) @binding(1)"),
    "line 5, column 1", "y needs a literal @group and @binding"],
  ["a binding in brackets", good.replace("@group(0) @binding(1)", "@group(0) @binding((1))"),
    "line 5, column 1", "this binding cannot be read; write @group(0) @binding(n) var<storage, read>"],
  ["a vector param", good.replace("scale: f32", "scale: vec2f"),
    "line 2, column 28", 'a param is a 4-byte scalar, "name: u32", i32 or f32, not "scale: vec2f"'],
  ["no struct of that name", good.replace("struct Params", "struct Param"),
    "line 3, column 1", "the uniform's type Params is no struct of this shader"],
  ["an open brace", good.replace("return; }", "return;"), "line 9, column 53", '"{" is never closed'],
  ["a brace too many", `${good}}`, "line 13, column 1", '"}" closes nothing'],
  ["an import that is not there", `// #import curvs\n${good}`,
    "line 1, column 1", 'there is no "curvs" to import'],
  ["a fault behind an import", `// #import curves\n${good.replace("binding(1)", "binding(0)")}`,
    "line 6, column 1", "is x already"],
  ["nine tensors", nine, "line 16, column 1", "scaled binds 9 storage buffers"],
])("%s is told with its place", (_, text, where, why) => {
  expect(() => kernel(text)).toThrow(`${where}: `);
  expect(() => kernel(text)).toThrow(why);
  const [line, column] = where.match(/\d+/g)!.map(Number);
  expect(() => kernel(text)).toThrow(expect.objectContaining({ code: "shader", details: { line, column } }));
});

test("which entry point must be clear", () => {
  const two = `${good}\n@compute @workgroup_size(1, 1, 1) fn other() { y[0] = 1.0; }\n`;
  expect(() => kernel(two))
    .toThrow('this shader has 2 entry points; choose one: kernel(text, { entry: "scaled" }), or other');
  expect(() => kernel(two, { entry: "scale" }))
    .toThrow('there is no entry point "scale" in this shader, only scaled, other');
  expect(kernel(two, { entry: "other" })).toMatchObject({ entry: "other", bindings: { y: [1, "read_write"] } });
});

test.each([
  "@group(1) @binding(0) var<uniform>", "@group(1)@binding(0)var<uniform>",
  "@binding( 0u )  @group (1)\nvar < uniform >",
])("Params join the tensors: %s", (declared) => {
  const text = good.replace(/^override.*/, "").replace("@group(1) @binding(0) var<uniform>", declared);
  const moved = `@group(0) @binding(${PARAMS})${/\s*var.*$/s.exec(declared)![0]}`;
  expect(bake(text, {})).toBe(text.replace(declared, moved));  // and every line keeps its number
});
