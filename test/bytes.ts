// What a page costs, of the source (test/size.test.ts) and of the packed library (test/package).
import { relative } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const source = {
  "convoy-gpu": "./src/index.ts", "convoy-gpu/data": "./src/data/index.ts", "convoy-gpu/models": "./models/index.ts",
};

/**
 * What a page downloads, in bytes, before its first step: the code minified by esbuild and gzipped, as servers send it.
 * What measures rungs comes later, if at all.
 */
export async function bytes(code: string, resolveDir = ".", alias: Record<string, string> = source): Promise<number> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir, loader: "ts" }, write: false, bundle: true, minify: true, format: "esm",
    target: "es2022", splitting: true, outdir: ".", metafile: true, alias, logLevel: "error",
  });
  const needed = new Set<string>(), need = (path: string) => {
    needed.add(path);
    for (const { path: next, kind } of metafile.outputs[path].imports)
      if (kind === "import-statement" && !needed.has(next)) need(next);
  };
  need(Object.keys(metafile.outputs).find((path) => metafile.outputs[path].entryPoint)!);
  return outputFiles.filter(({ path }) => needed.has(relative(".", path)))
    .reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0);
}

/** LeNet's page. */
export const lenet = `
  import { openDevice, sgd, train } from "convoy-gpu";
  import { fashionMnist } from "convoy-gpu/data";
  import { lenet } from "convoy-gpu/models";
  await (await train(lenet(), {
    device: await openDevice(), data: await fashionMnist(), batch: 64, epochs: 1, optimizer: sgd({ lr: 0.1 }),
  })).finish();`;
