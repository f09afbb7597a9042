// The build. shaders/*.wgsl → src/generated/*.ts, what the host must know about each entry point, checked on the way;
// src, models → dist/ (ES modules, source maps, declarations); examples → site/.
//   node build.mjs [--only generated|cli|golden|lib|pages] [--watch] [--serve [port]] [--quiet]
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, watch, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { build, context } from "esbuild";
import { WgslParser, WgslReflect } from "wgsl_reflect/wgsl_reflect.module.js";

const read = (path) => readFileSync(path, "utf8");
const quote = JSON.stringify;
const list = (entries) => `{ ${entries.map(([k, v]) => `${k}: ${quote(v)}`).join(", ")} }`;

/** The text without comments, a sixth of a bundle. Lines and columns stay, so what a compiler says of them fits the text that was pasted together. */
const bare = (code) => code.replace(/[ \t]*\/\/(?! tune$).*$/gm, "");

/** The typed module of one shader. Throws where the text breaks a rule of shaders/README.md. */
export function kernelModule(file, source, library = (name) => read(`shaders/lib/${name}.wgsl`)) {
  const must = (ok, why) => { if (!ok) throw new Error(`shaders/${file}: ${why}`); };
  const pasted = new Set(/^alias Value/m.test(source) ? ["value"] : []);  // once each, and with what they import themselves
  const paste = (text) => text.replace(/^\/\/ #import (\w+)\n/gm, (_, name) => pasted.has(name) ? "" : (pasted.add(name), paste(library(name))));
  const code = paste(source);
  const { entry, uniforms } = new WgslReflect(code);
  const overrides = WgslParser.Parse(code).filter((n) => n.astNodeType === "override");

  must(source.startsWith("// "), "begins with a header: what it computes, the maths, who computes what");
  must(source.trimEnd().split("\n").length <= 150, "at most 150 lines; a second rung may be a second file");
  must(uniforms.length <= 1, "one Params struct per file");
  const params = (uniforms[0]?.members ?? []).map((m) => [m.name, m.type.name]);
  for (const [name, type] of params) must(/^[uif]32$/.test(type), `param ${name} is a 4-byte scalar`);
  must(params.length <= 64, "Params fit in 256 bytes");
  const defaults = [...code.matchAll(/^(?:override|const(?=.*\/\/ tune$)) (\w+): (?:u32|i32|f32|bool) = (-?[\d.e-]+|true|false);/gm)]
    .map(([, name, value]) => [name, Number(value.replace("true", 1).replace("false", 0))]);
  for (const { name } of overrides) must(defaults.some(([n]) => n === name), `override ${name} is written at the start of a line, with its type and a literal default`);

  const seen = new Map();
  const kernels = entry.compute.map(({ name, attributes, resources }) => {
    must(name.startsWith(file.replace(".wgsl", "_")), `entry point ${name} starts with the file's name`);
    must([attributes.find((a) => a.name === "workgroup_size").value].flat().length === 3, `${name} has all three workgroup sizes`);
    const tensors = resources.filter((r) => r.group === 0).sort((a, b) => a.binding - b.binding);
    must(tensors.length <= 8, `${name} binds ${tensors.length} storage buffers; WebGPU promises 8`);
    for (const t of tensors) must((seen.get(t.binding) ?? seen.set(t.binding, t.name).get(t.binding)) === t.name, `binding ${t.binding} is ${t.name} only`);
    return `export const ${name} = /* @__PURE__ */ defineKernel({ code, overrides, params, entry: ${quote(name)},\n  bindings: ${list(tensors.map((r) => [r.name, [r.binding, r.access]]))} });`;
  });

  return `// Generated from shaders/${file} by build.mjs; do not edit.
import { defineKernel } from "../gpu/kernel.js";
const code = ${quote(bare(code))};
const overrides = ${list(defaults)};
const params = ${list(params)} as const;

${kernels.join("\n")}
`;
}

/** Writes the modules of all shaders; leaves files that would not change alone, so that watchers stay quiet. */
function generate() {
  mkdirSync("src/generated", { recursive: true });
  const wanted = readdirSync("shaders").filter((f) => f.endsWith(".wgsl"));
  for (const file of readdirSync("src/generated")) if (!wanted.includes(file.replace(".ts", ".wgsl"))) rmSync(`src/generated/${file}`);
  for (const file of wanted) {
    const path = `src/generated/${file.replace(".wgsl", ".ts")}`, text = kernelModule(file, read(`shaders/${file}`));
    if (!existsSync(path) || read(path) !== text) writeFileSync(path, text);
  }
}

const common = { bundle: true, format: "esm", target: "es2022", sourcemap: true, logLevel: "warning", outdir: "dist", legalComments: "none" };
const node = { ...common, platform: "node", packages: "external", splitting: true, chunkNames: "chunks/[name]-[hash]" };
const library = { ...node, platform: "neutral", external: ["node:*", "webgpu", "@sparticuz/chromium"],
  entryPoints: { index: "src/index.ts", bench: "src/bench/index.ts", data: "src/data/index.ts", models: "models/index.ts", node: "src/node/index.ts", cli: "src/node/cli.ts" } };
const pages = () => ({
  ...common, outdir: "site", splitting: true, minify: true, platform: "browser", chunkNames: "chunks/[name]-[hash]",
  alias: { "convoy-gpu": "./src/index.ts", "convoy-gpu/bench": "./src/bench/index.ts", "convoy-gpu/data": "./src/data/index.ts", "convoy-gpu/models": "./models/index.ts" },
  entryPoints: readdirSync("examples", { recursive: true }).map((f) => `examples/${f.replaceAll("\\", "/")}`).filter((f) => /\/(main|worker)\.ts$/.test(f)),
  outbase: "examples", loader: { ".css": "css" },
});

/** What the pages need besides their scripts: HTML, styles, the data set. */
function copyPages() {
  for (const f of readdirSync("examples", { recursive: true }))
    if (/\.(html|css|svg|gz)$/.test(f) && statSync(`examples/${f}`).isFile()) cpSync(`examples/${f}`, `site/${f}`);
  cpSync("src/data/fashion-mnist", "site/fashion-mnist", { recursive: true });
}

const jobs = {
  generated: async () => {},
  cli: () => build(library),
  golden: () => build({ ...node, splitting: false, entryPoints: { golden: "test/golden/run.ts" } }),
  lib: async () => {
    rmSync("dist", { recursive: true, force: true });
    await build(library);
    cpSync("src/data/fashion-mnist", "dist/fashion-mnist", { recursive: true });
    const { status } = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.lib.json"], { stdio: "inherit" });
    if (status) process.exitCode = status;
  },
  pages: async () => { rmSync("site", { recursive: true, force: true }); await build(pages()); copyPages(); },
};

if (process.argv[1]?.endsWith("build.mjs")) {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: {
    only: { type: "string" }, watch: { type: "boolean" }, serve: { type: "boolean" }, quiet: { type: "boolean" } } });
  const started = performance.now(), chosen = values.only ? values.only.split(",") : values.serve ? ["pages"] : ["lib", "pages"];
  for (const name of chosen) if (!jobs[name]) throw new Error(`--only takes ${Object.keys(jobs).join(", ")}, not ${name}`);
  generate();
  for (const name of chosen) await jobs[name]();
  if (!values.quiet) console.log(`built ${chosen.join(", ")} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  if (values.watch || values.serve) {
    watch("shaders", { recursive: true }, () => { try { generate(); } catch (e) { console.error(e.message); } });
    const ctx = await context(chosen.includes("pages") ? pages() : library);
    await ctx.watch();
    if (values.serve) {
      watch("examples", { recursive: true }, () => copyPages());
      const { hosts, port } = await ctx.serve({ servedir: "site", port: Number(positionals[0] ?? 8000) });
      console.log(`pages at http://${hosts?.[0] ?? "localhost"}:${port}/`);
    }
  }
}
