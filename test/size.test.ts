import { relative } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";

/** What a page downloads, in bytes, before its first step: the code minified by esbuild and gzipped, as servers send it. What measures rungs comes later, if at all. */
async function bytes(code: string): Promise<number> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: ".", loader: "ts" }, write: false, bundle: true, minify: true, format: "esm", target: "es2022", splitting: true, outdir: ".", metafile: true,
    alias: { "convoy-gpu": "./src/index.ts", "convoy-gpu/data": "./src/data/index.ts", "convoy-gpu/models": "./models/index.ts" }, logLevel: "error",
  });
  const needed = new Set<string>(), need = (path: string) => {
    needed.add(path);
    for (const { path: next, kind } of metafile.outputs[path].imports) if (kind === "import-statement" && !needed.has(next)) need(next);
  };
  need(Object.keys(metafile.outputs).find((path) => metafile.outputs[path].entryPoint)!);
  return outputFiles.filter(({ path }) => needed.has(relative(".", path))).reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0);
}

const lenet = `
  import { conv2d, flatten, linear, maxPool2d, openDevice, relu, sequential, sgd, train } from "convoy-gpu";
  import { fashionMnist } from "convoy-gpu/data";
  const net = sequential(conv2d({ filters: 6, kernel: 5 }), relu(), maxPool2d({ kernel: 2 }), flatten(), linear({ units: 10 }));
  await (await train(net, { device: await openDevice(), data: await fashionMnist(), batch: 64, epochs: 1, optimizer: sgd({ lr: 0.1 }) })).finish();`;

test("a page pays for what it uses: LeNet in 45 kB, all of the core in 60 kB", async () => {
  const sizes = { lenet: await bytes(lenet), core: await bytes('export * from "convoy-gpu";'), error: await bytes('import { ShapeError } from "convoy-gpu"; throw new ShapeError("");') };
  console.log(Object.entries(sizes).map(([name, size]) => `${name} ${(size / 1000).toFixed(1)} kB`).join(", "));
  expect(sizes.lenet, "LeNet").toBeLessThanOrEqual(45_000);
  expect(sizes.core, "the core").toBeLessThanOrEqual(60_000);
  expect(sizes.error, "one class of errors, which needs nothing else").toBeLessThan(1_000);
});

test("bundled shaders have no comments, and every line where its source has it", async () => {
  const { kernelModule } = await import("../build.mjs" as string) as { kernelModule(file: string, source: string, library?: (name: string) => string): string };
  const source = '// A header.\n// #import twice\noverride WORKGROUP: u32 = 64;  // why\nconst LANES: u32 = 4;  // tune\n@group(0) @binding(0) var<storage, read_write> y: array<f32>;  // [N]\n'
    + "@compute @workgroup_size(WORKGROUP, 1, 1)\nfn x_forward(@builtin(global_invocation_id) id: vec3u) {\n  // twice\n  y[id.x] = twice(1.0);\n}\n";
  const text = kernelModule("x.wgsl", source, () => "fn twice(v: f32) -> f32 { return v + v; }\n"), code = JSON.parse(/^const code = (.*);$/m.exec(text)![1]) as string;
  expect(code.split("\n")).toEqual(["", "fn twice(v: f32) -> f32 { return v + v; }", "override WORKGROUP: u32 = 64;", "const LANES: u32 = 4;  // tune",
    "@group(0) @binding(0) var<storage, read_write> y: array<f32>;", "@compute @workgroup_size(WORKGROUP, 1, 1)", "fn x_forward(@builtin(global_invocation_id) id: vec3u) {", "", "  y[id.x] = twice(1.0);", "}", ""]);
});
