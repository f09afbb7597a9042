// The build. shaders/*.wgsl → src/generated/*.ts, what the host must know about each entry point, checked on the way;
// src, models → dist/ (ES modules, source maps, declarations); examples → site/.
//   node build.mjs [--only generated|cli|golden|lib|pages] [--watch] [--serve [port]] [--quiet]
import { spawnSync } from "node:child_process";
import {
  cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, watch, writeFileSync,
} from "node:fs";
import { parseArgs } from "node:util";
import { build, context } from "esbuild";

const read = (path) => readFileSync(path, "utf8");
const quote = JSON.stringify;
const union = (names) => Object.keys(names).map(quote).join(" | ") || "never";
const list = (entries) => `{ ${entries.map(([k, v]) => `${k}: ${quote(v)}`).join(", ")} }`;

/**
 * The text without comments (but imports, which kernel() reads out of the library, too), empty lines and, but where
 * bake() reads it, needless spaces: a quarter of a bundle. A statement keeps a line of its own, for what compilers say.
 */
const bare = (code) => code.replace(/[ \t]*\/\/(?! baked$| #import ).*$/gm, "")
  .replace(/^(?!override|const|alias|\/\/).*$/gm, (line) =>
    line.replace(/^ +|(?<=[\w)\]};]) +(?=[^\w\s])|(?<=[^\w\s]) +(?=[\w({[@])/g, ""))
  .replace(/\n{2,}/g, "\n").replace(/(?<=[(,])\n|\n(?=[)}&|+?:])/g, "").replace(/,(?=[)}])/g, "").trim();

/** The reader that kernel() uses at run time, too. */
const { outputFiles: [reader] } = await build({
  entryPoints: ["src/wgsl/reflect.ts"], bundle: true, write: false, format: "esm",
});
const { reflect } = await import(`data:text/javascript;base64,${Buffer.from(reader.text).toString("base64")}`);

const libraryTexts = () => Object.fromEntries(readdirSync("shaders/lib").sort()
  .map((file) => [file.replace(".wgsl", ""), bare(read(`shaders/lib/${file}`))]));

/**
 * The pieces of a text, as an expression: what was pasted into it is named, so that a bundle holds it once. An array,
 * which bundlers drop where nobody needs it; of a sum of strings they do not know that.
 */
const named = (code) => Object.entries(libraryTexts())
  .reduce((parts, [name, text]) => parts.flatMap((part) => part.startsWith("lib.")
    ? [part]
    : part.split(text).flatMap((own, i) => i ? [`lib.${name}`, own] : [own])), [code])
  .filter((part) => part)
  .map((part) => part.startsWith("lib.") ? part : quote(part))
  .join(", ");

/** The typed module of one shader. Throws where the text breaks a rule of shaders/README.md. */
function kernelModule(file, source) {
  const must = (ok, why) => { if (!ok) throw new Error(`shaders/${file}: ${why}`); };
  must(source.startsWith("// "), "begins with a header: what it computes, the maths, who computes what");
  must(source.trimEnd().split("\n").length <= 150, "at most 150 lines; a second rung may be a second file");
  let shader;
  try { shader = reflect(source, (name) => read(`shaders/lib/${name}.wgsl`)); } catch (e) { must(false, e.message); }
  const kernels = Object.entries(shader.entries).map(([name, bindings]) => {
    must(name.startsWith(file.replace(".wgsl", "_")), `entry point ${name} starts with the file's name`);
    return `export const ${name} = /* @__PURE__ */ `
      + `defineKernel<${union(bindings)}, P, O>(text, ${quote(name)}, ${quote(Object.keys(bindings))});`;
  });

  const pieces = named(bare(shader.code));
  return `// Generated from shaders/${file} by build.mjs; do not edit.
import { defineKernel } from "../gpu/kernel.js";
${pieces.includes("lib.") ? 'import * as lib from "./library.js";\n' : ""}const text = [${pieces}];
type P = ${union(shader.params)};
type O = ${union(shader.overrides)};

${kernels.join("\n")}
`;
}

/** Writes the modules of all shaders; leaves files that would not change alone, so that watchers stay quiet. */
function generate() {
  mkdirSync("src/generated", { recursive: true });
  const wanted = readdirSync("shaders").filter((f) => f.endsWith(".wgsl"));
  const texts = Object.fromEntries(wanted.map((file) =>
    [file.replace(".wgsl", ".ts"), kernelModule(file, read(`shaders/${file}`))]));
  const parts = Object.entries(libraryTexts()).map(([name, text]) => `export const ${name} = ${quote(text)};\n`);
  texts["library.ts"] = `// Generated from shaders/lib by build.mjs; do not edit.\n${parts.join("")}`;
  for (const file of readdirSync("src/generated")) if (!Object.hasOwn(texts, file)) rmSync(`src/generated/${file}`);
  for (const [file, text] of Object.entries(texts)) {
    const path = `src/generated/${file}`;
    if (!existsSync(path) || read(path) !== text) writeFileSync(path, text);
  }
}

const common = { format: "esm", target: "es2022", sourcemap: true, logLevel: "warning", legalComments: "none" };
/** A module a file: in one that bundles many, a user's bundler finds nothing to drop. */
const library = () => ({
  ...common, outdir: "dist", outbase: ".",
  entryPoints: ["src", "models"]
    .flatMap((folder) => readdirSync(folder, { recursive: true }).map((f) => `${folder}/${f}`))
    .filter((f) => /(?<!\.d)\.ts$/.test(f)),
});
const pages = () => ({
  ...common, bundle: true, outdir: "site", splitting: true, minify: true, platform: "browser",
  chunkNames: "chunks/[name]-[hash]",
  alias: {
    "convoy-gpu": "./src/index.ts",
    "convoy-gpu/bench": "./src/bench/index.ts",
    "convoy-gpu/data": "./src/data/index.ts",
    "convoy-gpu/models": "./models/index.ts",
    "convoy-gpu/wgsl": "./src/wgsl/index.ts",
    "convoy-gpu/check": "./src/check/index.ts",
  },
  entryPoints: readdirSync("examples", { recursive: true })
    .map((f) => `examples/${f.replaceAll("\\", "/")}`)
    .filter((f) => /\/(main|worker)\.ts$/.test(f)),
  outbase: "examples", loader: { ".css": "css" },
});

/** What the pages need besides their scripts: HTML, styles, the data set. */
function copyPages() {
  for (const f of readdirSync("examples", { recursive: true })) {
    const wanted = /\.(html|css|svg|gz|wgsl|layer\.js)$/.test(f) && statSync(`examples/${f}`).isFile();
    if (wanted) cpSync(`examples/${f}`, `site/${f}`);
  }
  cpSync("src/data/fashion-mnist", "site/fashion-mnist", { recursive: true });
}

const jobs = {
  generated: async () => {},
  cli: async () => {
    await build(library());
    cpSync("src/data/fashion-mnist", "dist/src/data/fashion-mnist", { recursive: true });
  },
  golden: () => build({
    ...common, bundle: true, platform: "node", packages: "external", outdir: "dist",
    entryPoints: { golden: "test/golden/run.ts" },
  }),
  lib: async () => {
    rmSync("dist", { recursive: true, force: true });
    await jobs.cli();
    const tsc = ["node_modules/typescript/bin/tsc", "-p", "tsconfig.lib.json"];
    const { status } = spawnSync(process.execPath, tsc, { stdio: "inherit" });
    if (status) process.exitCode = status;
  },
  pages: async () => { rmSync("site", { recursive: true, force: true }); await build(pages()); copyPages(); },
};

if (process.argv[1]?.endsWith("build.mjs")) {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: {
    only: { type: "string" }, watch: { type: "boolean" }, serve: { type: "boolean" }, quiet: { type: "boolean" } } });
  const started = performance.now();
  const chosen = values.only ? values.only.split(",") : values.serve ? ["pages"] : ["lib", "pages"];
  for (const name of chosen)
    if (!jobs[name]) throw new Error(`--only takes ${Object.keys(jobs).join(", ")}, not ${name}`);
  generate();
  for (const name of chosen) await jobs[name]();
  if (!values.quiet)
    console.log(`built ${chosen.join(", ")} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  if (values.watch || values.serve) {
    watch("shaders", { recursive: true }, () => { try { generate(); } catch (e) { console.error(e.message); } });
    const ctx = await context(chosen.includes("pages") ? pages() : library());
    await ctx.watch();
    if (values.serve) {
      watch("examples", { recursive: true }, () => copyPages());
      const { hosts, port } = await ctx.serve({ servedir: "site", port: Number(positionals[0] ?? 8000) });
      console.log(`pages at http://${hosts?.[0] ?? "localhost"}:${port}/`);
    }
  }
}
