import { existsSync, readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { expect, test } from "vitest";

const files = (folder: string, ending: string) => readdirSync(folder, { recursive: true, encoding: "utf8" })
  .map((f) => `${folder}/${f.replaceAll("\\", "/")}`)
  .filter((f) => f.endsWith(ending) && !f.includes("/node_modules/")).sort();
const read = (file: string) => readFileSync(file, "utf8");
const generated = (file: string) => file.startsWith("src/generated/");

/** Who may import whom. The first row that fits the importing file counts; types may come from the last column too. */
const rows: [from: RegExp, values: RegExp, types: RegExp][] = [
  [/^src\/(errors|random)\./, /^$/, /^$/],
  [/^src\/gpu\//, /^src\/(gpu\/|errors\.)/, /^$/],
  [/^src\/generated\//, /^src\/(gpu\/kernel\.|generated\/library\.)/, /^$/],
  [/^src\/(plan|fuse|options)\./, /^src\/(errors|gpu\/recorder)\./, /^$/],
  [/^src\/(layers|losses|optimizers)\//,
    /^src\/(errors\.|options\.|generated\/|layers\/|losses\/loss\.|gpu\/recorder\.)/,
    /^src\/(gpu\/recorder\.|graph\.|random\.|losses\/|optimizers\/)/],
  [/^src\/graph\./, /^src\/(errors\.|generated\/|gpu\/recorder\.)/, /^src\/layers\/layer\./],
  [/^src\/check\//, /^(src\/|wgsl_reflect\/)/, /^$/],
  [/^src\/node\//, /^(src\/|models\/|node:|webgpu$)/, /^$/],
  [/^src\//, /^src\//, /^$/],
  [/^models\//, /^(src\/index\.|models\/)/, /^$/],
  [/^examples\//, /^(convoy-gpu(\/|$)|examples\/|uplot(\/|$)|@(codemirror|lezer)\/)/, /^$/],
];

/** What a file may not import but does, one "type? target" each. */
function breaches(file: string, source: string): string[] {
  const [, values, types] = rows.find(([from]) => from.test(file))!;
  const imports = /^(?:import|export) (type )?(?:[^;"]*? from )?"([^"]+)"|\bimport\("([^"]+)"\)/gm;
  return [...source.matchAll(imports)].flatMap(([, type = "", from, dynamic]) => {
    const name: string = from ?? dynamic;
    const target = name.startsWith(".") ? posix.join(posix.dirname(file), name) : name;
    return values.test(target) || (type && types.test(target)) ? [] : [type + target];
  });
}

test("imports go the way the design says", () => {
  for (const file of ["src", "models", "examples"].flatMap((folder) => files(folder, ".ts")))
    for (const target of breaches(file, read(file))) expect.fail(`${file} may not import ${target}`);
});

test("an import that goes another way is seen", () => {
  const bad: [file: string, source: string][] = [
    ["src/errors.ts", 'import "./plan.js";'],
    ["src/gpu/player.ts", 'import { plan } from "../plan.js";'],
    ["src/plan.ts", 'import { Memory } from "./gpu/memory.js";'],
    ["src/layers/conv2d.ts", 'import type { Device } from "../gpu/device.js";'],
    ["src/layers/add.ts", 'import {\n  Graph,\n} from "../graph.js";'],
    ["src/train/trainer.ts", 'const fs = await import("node:fs");'],
    ["models/lenet.ts", 'export * from "../src/graph.js";'],
    ["examples/lenet/main.ts", 'import { Graph } from "../../src/index.js";'],
    ["src/data/idx.ts", 'import x from "left-pad";'],
  ];
  for (const [file, source] of bad) expect(breaches(file, source), file).toHaveLength(1);
});

test("files fit in the head", () => {
  const most: [folder: string, ending: string, lines: number][] = [
    ["shaders", ".wgsl", 150], ["test", ".ts", 150],
    ["src", ".ts", 250], ["models", ".ts", 250], ["examples", ".ts", 250],
  ];
  for (const [folder, ending, lines] of most) for (const file of files(folder, ending)) {
    if (generated(file)) continue;
    expect(read(file).trimEnd().split("\n").length, `lines of ${file}`).toBeLessThanOrEqual(lines);
  }
});

/** Which lines of a text, counted from 1, have more than 120 code points. */
const tooLong = (text: string) => text.split("\n").flatMap((line, i) => [...line].length > 120 ? [i + 1] : []);

test("lines fit on a screen", () => {
  expect(tooLong(`${"𝛴".repeat(120)}\n${"x".repeat(121)}\n`)).toEqual([2]);
  const written = ["shaders", "src", "models", "examples", "test"]
    .flatMap((folder) => [".ts", ".mjs", ".wgsl"].flatMap((ending) => files(folder, ending)));
  const found = [...written.filter((file) => !generated(file)), "build.mjs"]
    .flatMap((file) => tooLong(read(file)).map((line) => `${file}:${line}`));
  expect(found, "lines of more than 120 columns").toEqual([]);
});

/** What no shader's code may hold, comments apart, with an example of each. */
const inShaders: [pattern: RegExp, why: string, example: string][] = [
  [/\$\{/, "a template", "x[${i}]"],
  [/(?<![\w.\])])([\w.]+(?:\[[^\]]*\])?) != \1(?![\w.\[])/,
    "x != x is false for NaN: test the bits", "if (x[i] != x[i]) {"],
  [/\btanh\(/, "tanh is NaN for large arguments on some adapters: safe_tanh of lib/", "y[i] = tanh(v);"],
  [/\blog\(p/, "log of a probability: use log-softmax", "loss = -log(probs[i]);"],
  [/@workgroup_size\([^)]*\d\s*,\s*\d*[2-9]|@workgroup_size\(\s*\d/,
    "a workgroup size is an override", "@compute @workgroup_size(64, 1, 1)"],
  [/\bselect\([^;]*\w\[(?!select\(0, )/,
    "select evaluates both sides: guard a load with if, or load element 0: x[select(0, i, inside)]",
    "let v = select(0.0, x[i], inside);"],
  [/@compute(?:(?!\n\}).)*\breturn;(?:(?!\n\}).)*Barrier\(/s,
    "a return before a barrier", "@compute\nfn f() {\n  if (i > n) { return; }\n  workgroupBarrier();\n}"],
];

const kernelTests = files("test/kernels", ".test.ts")
  .map((file) => [/\/(\w+)\.test\.ts$/.exec(file)![1], read(file)] as const);

test("shaders keep the house rules", () => {
  for (const [pattern, why, example] of inShaders) expect(example, why).toMatch(pattern);
  for (const file of files("shaders", ".wgsl")) {
    const source = read(file), code = source.replace(/\/\/.*/g, "");
    for (const [pattern, why] of inShaders) expect(code, `${file}: ${why}`).not.toMatch(pattern);
    if (file.startsWith("shaders/lib/")) continue;
    const twin = /Twin: (none|test\/reference\/\w+\.ts)/.exec(source.slice(0, source.indexOf("\n\n")))?.[1];
    expect(twin && (twin === "none" || existsSync(twin)), `${file} names its twin in the header`).toBe(true);
    const name = /\/(\w+)\.wgsl/.exec(file)![1];
    const tested = kernelTests.some(([test, text]) => test === name || text.includes(`"${name}"`));
    expect(tested, `${file} has a test`).toBe(true);
  }
});

test("each text of shaders/lib is imported, and each shader is in README's table", () => {
  const sources = files("shaders", ".wgsl").map(read), readme = read("shaders/README.md");
  const names = (folder: string) => readdirSync(folder).flatMap((f) => /^(\w+)\.wgsl$/.exec(f)?.[1] ?? []);
  const unused = names("shaders/lib").filter((lib) => !sources.some((s) => RegExp(`#import ${lib}$`, "m").test(s)));
  expect(unused).toEqual([]);
  const told = [...readme.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(([, cell]) => cell.match(/\w+/g)!)
    .map((name) => name.replace(/^_/, "conv2d_"));
  expect(names("shaders").filter((name) => !told.includes(name))).toEqual([]);
});

/** What no source may hold, with an example of each. */
const inSources: [pattern: RegExp, why: string, example: string][] = [
  [/^export default/m, "a default export", "export default x;"],
  [/^(export )?(const )?enum /m, "an enum", "export enum E {"],
  [/\bthrow new Error\(/, "an error is one of src/errors.ts", 'throw new Error("no");'],
  [/`[^`]*@compute/, "WGSL in a template literal", "const code = `\n@compute fn f() {}`;"],
];
const any = /(?<=[:<,|&(] ?|\bas )any\b(?=[\s,;)>\]|&=]|$)/m;

test("sources keep the house rules", () => {
  for (const [pattern, why, example] of inSources) expect(example, why).toMatch(pattern);
  for (const example of ["const x: any = 1;", "(x as any).y", "Layer<any, 1>"]) expect(example).toMatch(any);
  for (const file of ["src", "models", "examples"].flatMap((folder) => files(folder, ".ts"))) {
    const source = read(file), code = source.replace(/\/\*[\s\S]*?\*\/|(?<!["'`:]\S*)\/\/.*/g, "");
    for (const [pattern, why] of inSources)
      if (!generated(file)) expect(pattern.test(code), `${file}: ${why}`).toBe(false);
    if (file !== "src/graph.ts" && !generated(file)) expect(any.test(code), `${file}: any`).toBe(false);
  }
});
