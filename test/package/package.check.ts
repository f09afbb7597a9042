// The package as its users get it: packed, installed from the tarball in an empty project, and trained with, by the very code that README.md shows.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bytes, lenet } from "../bytes.js";
import { chromium, complaints, type Chromium } from "../browser/chromium.js";
import { serve } from "../browser/server.js";

const folder = mkdtempSync(join(tmpdir(), "convoy-package-")), project = join(folder, "project");
let packed: { filename: string; files: { path: string; size: number }[]; size: number }, browser: Chromium;

/** Runs a command in the user's project. What it prints comes back; where it fails, that is the error. */
function run(command: string, ...args: string[]): string {
  try {
    return execFileSync(command, args, { cwd: project, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined } });
  } catch (e) {
    const { stdout, stderr } = e as { stdout: string; stderr: string };
    throw new Error(`${command} ${args.join(" ")}\n${stdout}\n${stderr}`);
  }
}

/** The code of README.md by file name: a block begins with a comment that names its file, `// main.js: …`. */
const readme = new Map([...readFileSync("README.md", "utf8").matchAll(/^```(?:js|html)\n(?:\/\/|<!--) ([\w.]+)[\s\S]*?^```$/gm)].map(([block, name]) => [name, block.split("\n").slice(1, -1).join("\n") + "\n"]));

beforeAll(async () => {
  const report = execFileSync("npm", ["pack", "--json", "--loglevel=error", "--pack-destination", folder], { encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } });
  [packed] = JSON.parse(report.slice(report.search(/^\[/m))) as [typeof packed];
  cpSync("test/package/project", project, { recursive: true });
  run("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error", join(folder, packed.filename));
  for (const [name, code] of readme) writeFileSync(join(project, name), code);
  cpSync(join(project, "node_modules/convoy-gpu/dist/src/data/fashion-mnist"), join(project, "public/fashion-mnist"), { recursive: true });
  browser = await chromium();
});
afterAll(async () => { await browser?.close(); rmSync(folder, { recursive: true, force: true }); });

test("the tarball holds the library, its data and its shaders, and no more", () => {
  for (const { path } of packed.files) expect(path).toMatch(/^(dist\/((src|models)\/[\w/]+\.js(\.map)?|types\/(src|models)\/|src\/data\/fashion-mnist\/)|shaders\/([\w/]+\.wgsl|README\.md)|README\.md$|LICENSE$|package\.json$)/);
  expect(packed.size).toBeLessThan(7e6);
  const { exports } = JSON.parse(readFileSync("package.json", "utf8")) as { exports: Record<string, { default: string }> };
  for (const { default: file } of Object.values(exports)) if (file) expect(packed.files.map(({ path }) => `./${path}`)).toContain(file);
});

test("a bundler drops what a page does not use, as it does from the source", async () => {
  const page = await bytes(lenet, project, {}), source = await bytes(lenet);
  expect(await bytes('import { relu } from "convoy-gpu"; console.log(relu());', project, {})).toBeLessThan(3_000);
  expect(Math.abs(page / source - 1), `${page} bytes, of the source ${source}`).toBeLessThan(0.01);
});

test("publint and are-the-types-wrong find nothing", () => {
  expect(run("npx", "publint", "--strict", join(folder, packed.filename))).toMatch(/All good/);
  expect(run("npx", "attw", "--profile", "esm-only", "--no-emoji", join(folder, packed.filename))).toMatch(/convoy-gpu\/node/);
});

const inPages = { lib: ["es2022", "dom"], skipLibCheck: false }, inNode = { lib: ["es2022"], skipLibCheck: true, types: ["node", "@webgpu/types"] };  // @webgpu/types itself names the DOM's types
for (const [version, options] of [["5", { ...inPages, types: ["@webgpu/types"] }], ["6", { ...inPages, types: [] }], ["7", { ...inPages, types: [] }], ["5", inNode], ["7", inNode]] as const) for (const moduleResolution of ["bundler", "nodenext"])
  test(`types under TypeScript ${version}, ${moduleResolution}, ${options.lib.at(-1)}, ${options.types.join(" and ") || "nothing"} added`, () => {
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ files: ["use.ts"], compilerOptions: {
      strict: true, exactOptionalPropertyTypes: true, noEmit: true, target: "es2022", ...options, moduleResolution, module: moduleResolution === "nodenext" ? "nodenext" : "esnext" } }));
    expect(run(process.execPath, `node_modules/typescript-${version}/bin/tsc`, "-p", ".")).toBe("");
  });

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
  expect(run("npx", "convoy", "train", "lenet", "--limit", "640", "--epochs", "1", "--quiet", "--output", "quick.safetensors")).toMatch(/Saved: quick\.safetensors/);
});

/** A bundler's output folder, of a page whose script is one of README's. */
const bundlers: Readonly<Record<string, (script: string, out: string) => void>> = {
  vite: (script, out) => {
    writeFileSync(join(project, "index.html"), readme.get("index.html")!.replace("main.js", script));
    expect(run("npx", "vite", "build", "--base", "./", "--outDir", out, "--emptyOutDir")).not.toMatch(/warn|\(!\)/i);
  },
  esbuild: (script, out) => {
    expect(run("npx", "esbuild", script, "worker.js", "--bundle", "--minify", "--format=esm", `--outdir=${out}`, "--log-level=warning")).toBe("");
    cpSync(join(project, "public"), join(project, out), { recursive: true });
    writeFileSync(join(project, out, "index.html"), readme.get("index.html")!.replace("main.js", script));
  },
};

for (const bundler of Object.keys(bundlers)) for (const [place, script] of [["a worker", "main.js"], ["the page", "page.js"]])
  test(`README's page, by ${bundler}, trains in ${place}`, async () => {
    const out = `out-${bundler}-${script.slice(0, -3)}`;
    mkdirSync(join(project, out), { recursive: true });
    bundlers[bundler](script, out);
    for (const [file, bytes] of scripts(join(project, out))) expect(bytes, file).toBeLessThan(51_500);  // the tuner with them, where a bundler makes one file
    const site = await serve(join(project, out), "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'"), page = await browser.browser.newPage(), bad = await complaints(page);
    try {
      await page.goto(site.url);
      const loss = () => page.$eval("output", (e) => Number(/loss (\d\.\d+)/.exec(e.textContent)?.[1]));
      await page.waitForFunction(() => /^epoch 1, step \d+: loss/.test(document.querySelector("output")?.textContent ?? ""), { timeout: 60_000 });
      expect(await loss()).toBeGreaterThan(1);
      await page.waitForFunction(() => Number(/loss (\d\.\d+)/.exec(document.querySelector("output")?.textContent ?? "")?.[1]) < 1.9, { timeout: 60_000 });
      expect(page.workers()).toHaveLength(place === "a worker" ? 1 : 0);
      expect(bad).toEqual([]);
    } finally {
      await page.close();
      await site.close();
    }
  });

/** The scripts of a folder, with what each is when gzipped. */
const scripts = (out: string) => readdirSync(out, { recursive: true, encoding: "utf8" }).filter((f) => f.endsWith(".js") && existsSync(join(out, f))).map((f) => [f, gzipSync(readFileSync(join(out, f)), { level: 9 }).length] as const);
