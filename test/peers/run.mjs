// npm run bench:peers: installs the peers once, bundles them with Convoy, and measures.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { build } from "esbuild";
import { options } from "./options.mjs";

options();

if (!existsSync("test/peers/node_modules")) {
  console.error("installing the peers into test/peers/node_modules, once");
  const { status } = spawnSync("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: "test/peers", stdio: "inherit",
  });
  if (status) process.exit(status);
}
await build({
  entryPoints: ["test/peers/measure.mjs"],
  bundle: true, format: "esm", platform: "node", target: "node20", mainFields: ["module", "main"], logLevel: "error",
  external: ["webgpu", "@sparticuz/chromium", "onnxruntime-web"],
  outfile: "test/peers/node_modules/.measure.mjs",
  banner: {
    js: 'import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);',
  },
});
// Mesa keeps compiled shaders on disk: without that, a first step is a first step.
const { status } = spawnSync(process.execPath, ["test/peers/node_modules/.measure.mjs", ...process.argv.slice(2)], {
  stdio: "inherit", env: { MESA_SHADER_CACHE_DISABLE: "true", ...process.env },
});
process.exit(status ?? 1);
