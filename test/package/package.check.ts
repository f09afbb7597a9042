// The package as its users get it: packed, installed from the tarball in an empty project, and trained with, by the
// very code that README.md shows.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bytes, lenet } from "../bytes.js";
import { chromium, complaints, type Chromium } from "../browser/chromium.js";
import { serve } from "../browser/server.js";
import { deno, folder, project, readme, run } from "./user.js";

let packed: { filename: string; files: { path: string; size: number }[]; size: number }, browser: Chromium;

beforeAll(async () => {
  const report = execFileSync("npm", ["pack", "--json", "--loglevel=error", "--pack-destination", folder], {
    encoding: "utf8", env: { ...process.env, NO_COLOR: "1" },
  });
  [packed] = JSON.parse(report.slice(report.search(/^\[/m))) as [typeof packed];
  cpSync("test/package/project", project, { recursive: true });
  const quickly = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];
  run("npm", "install", ...quickly, join(folder, packed.filename));
  for (const [name, code] of readme) writeFileSync(join(project, name), code);
  const images = join(project, "node_modules/convoy-gpu/dist/src/data/fashion-mnist");
  cpSync(images, join(project, "public/fashion-mnist"), { recursive: true });
  browser = await chromium();
});
afterAll(async () => { await browser?.close(); rmSync(folder, { recursive: true, force: true }); });

test("the tarball holds the library, its data, its shaders and its documents, and no more", () => {
  const wanted = [
    /^dist\/(src|models)\/[\w/]+\.js(\.map)?/, /^dist\/types\/(src|models)\//, /^dist\/src\/data\/fashion-mnist\//,
    /^shaders\/([\w/]+\.wgsl|README\.md)/, /^(LICENSE|package\.json)$/,
    /^((README|ARCHITECTURE|CONTRIBUTING)\.md|docs\/[\w-]+\.(md|svg|png))$/,
  ];
  const paths = packed.files.map(({ path }) => path);
  for (const path of paths) expect(wanted.some((pattern) => pattern.test(path)), path).toBe(true);
  expect(packed.size).toBeLessThan(7e6);
  const manifest = JSON.parse(readFileSync("package.json", "utf8")) as { exports: Record<string, { default: string }> };
  for (const { default: file } of Object.values(manifest.exports))
    if (file) expect(paths.map((path) => `./${path}`)).toContain(file);
});

test("a bundler drops what a page does not use, as it does from the source", async () => {
  const page = await bytes(lenet, project, {}), source = await bytes(lenet);
  expect(await bytes('import { relu } from "convoy-gpu"; console.log(relu());', project, {})).toBeLessThan(3_000);
  expect(Math.abs(page / source - 1), `${page} bytes, of the source ${source}`).toBeLessThan(0.01);
});

test("publint and are-the-types-wrong find nothing", () => {
  const tarball = join(folder, packed.filename);
  expect(run("npx", "publint", "--strict", tarball)).toMatch(/All good/);
  expect(run("npx", "attw", "--profile", "esm-only", "--no-emoji", tarball)).toMatch(/convoy-gpu\/node/);
});

const inPages = { lib: ["es2022", "dom"], skipLibCheck: false };
// @webgpu/types itself names the DOM's types.
const inNode = { lib: ["es2022"], skipLibCheck: true, types: ["node", "@webgpu/types"] };
const compilers = [
  ["5", { ...inPages, types: ["@webgpu/types"] }], ["6", { ...inPages, types: [] }], ["7", { ...inPages, types: [] }],
  ["5", inNode], ["7", inNode],
] as const;

for (const [version, options] of compilers) for (const moduleResolution of ["bundler", "nodenext"]) {
  const added = `${options.lib.at(-1)}, ${options.types.join(" and ") || "nothing"} added`;
  test(`types under TypeScript ${version}, ${moduleResolution}, ${added}`, () => {
    const compilerOptions = {
      strict: true, exactOptionalPropertyTypes: true, noEmit: true, target: "es2022", ...options, moduleResolution,
      module: moduleResolution === "nodenext" ? "nodenext" : "esnext",
    };
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ files: ["use.ts"], compilerOptions }));
    expect(run(process.execPath, `node_modules/typescript-${version}/bin/tsc`, "-p", ".")).toBe("");
  });
}

test("README's training in Node: one epoch of it", () => {
  const code = readme.get("train.mjs")!, once = code.replace("epochs: 3", "epochs: 1");
  expect(once).not.toBe(code);
  writeFileSync(join(project, "train.mjs"), once);
  const [adapter, epoch, first] = run(process.execPath, "train.mjs").split("\n");
  expect(adapter).not.toBe("");
  expect(Number(/^epoch 1: loss \d\.\d{3}, test accuracy (\d\d\.\d) %$/.exec(epoch)?.[1]), epoch).toBeGreaterThan(60);
  expect(first).toMatch(/^The first test image: .*, \d+ %$/);
  expect(statSync(join(project, "lenet.safetensors")).size).toBeGreaterThan(4 * 61_706);
});

test("the command that comes with it", () => {
  const options = ["--limit", "640", "--epochs", "1", "--quiet", "--output", "quick.safetensors"];
  expect(run("npx", "convoy", "train", "lenet", ...options)).toMatch(/Saved: quick\.safetensors/);
});

test("Deno trains, and its WebGPU, wgpu as in Firefox, gives PyTorch's answers by every rung", () => {
  const losses = deno("deno.ts").trim().split("\n").map(Number);
  expect([losses.length, losses[0] < 2.5, losses[3] < losses[0] - 0.02], `${losses}`).toEqual([4, true, true]);
  execFileSync(process.execPath, ["build.mjs", "--only", "golden", "--quiet"]);
  const files = ["ops.json", "ops-odd.json", "model-lenet.json"].map((name) => resolve("test/golden", name));
  expect(deno(resolve("dist/golden.js"), "--rung", "each", ...files)).toMatch(/\d{3} passed, 0 failed, 0 unsupported/);
});

/** A bundler's output folder, of a page whose script is one of README's. */
const bundlers: Readonly<Record<string, (script: string, out: string) => void>> = {
  vite: (script, out) => {
    writeFileSync(join(project, "index.html"), readme.get("index.html")!.replace("main.js", script));
    expect(run("npx", "vite", "build", "--base", "./", "--outDir", out, "--emptyOutDir")).not.toMatch(/warn|\(!\)/i);
  },
  esbuild: (script, out) => {
    const options = ["--bundle", "--minify", "--format=esm", `--outdir=${out}`, "--log-level=warning"];
    expect(run("npx", "esbuild", script, "worker.js", ...options)).toBe("");
    cpSync(join(project, "public"), join(project, out), { recursive: true });
    writeFileSync(join(project, out, "index.html"), readme.get("index.html")!.replace("main.js", script));
  },
};

const places = [["a worker", "main.js"], ["the page", "page.js"]];
for (const bundler of Object.keys(bundlers)) for (const [place, script] of places)
  test(`README's page, by ${bundler}, trains in ${place}`, async () => {
    const out = `out-${bundler}-${script.slice(0, -3)}`;
    mkdirSync(join(project, out), { recursive: true });
    bundlers[bundler](script, out);
    // The tuner with them, where a bundler makes one file.
    for (const [file, bytes] of scripts(join(project, out))) expect(bytes, file).toBeLessThan(51_500);
    const policy = "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'";
    const site = await serve(join(project, out), policy);
    const page = await browser.browser.newPage(), bad = await complaints(page);
    try {
      await page.goto(site.url);
      const loss = () => page.$eval("output", (e) => Number(/loss (\d\.\d+)/.exec(e.textContent)?.[1]));
      const begun = () => /^epoch 1, step \d+: loss/.test(document.querySelector("output")?.textContent ?? "");
      await page.waitForFunction(begun, { timeout: 60_000 });
      expect(await loss()).toBeGreaterThan(1);
      const learning = () => {
        const said = document.querySelector("output")?.textContent ?? "";
        return Number(/loss (\d\.\d+)/.exec(said)?.[1]) < 1.9;
      };
      await page.waitForFunction(learning, { timeout: 60_000 });
      expect(page.workers()).toHaveLength(place === "a worker" ? 1 : 0);
      expect(bad).toEqual([]);
    } finally {
      await page.close();
      await site.close();
    }
  });

/** The scripts of a folder, with what each is when gzipped. */
const scripts = (out: string) => readdirSync(out, { recursive: true, encoding: "utf8" })
  .filter((f) => f.endsWith(".js") && existsSync(join(out, f)))
  .map((f) => [f, gzipSync(readFileSync(join(out, f)), { level: 9 }).length] as const);
