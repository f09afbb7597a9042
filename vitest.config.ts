import { defineConfig } from "vitest/config";

// The entries of the package, which examples and the guide import by name.
const names = [
  ["convoy-gpu", "src/index.ts"],
  ["convoy-gpu/data", "src/data/index.ts"],
  ["convoy-gpu/models", "models/index.ts"],
  ["convoy-gpu/wgsl", "src/wgsl/index.ts"],
  ["convoy-gpu/check", "src/check/index.ts"],
  ["convoy-gpu/bench", "src/bench/index.ts"],
];
const common = {
  resolve: {
    alias: names.map(([name, file]) => (
      { find: new RegExp(`^${name}$`), replacement: `${import.meta.dirname}/${file}` })),
  },
  test: {
    pool: "forks" as const, setupFiles: "test/worst.ts", testTimeout: 120_000, hookTimeout: 60_000,
    unstubEnvs: true, unstubGlobals: true,  // as vi.restoreAllMocks() does, which vitest calls behind each file
    env: { CONVOY_ADAPTER: process.env.CONVOY_ADAPTER ?? "software" },
  },
};
// What these change, other files of their process would meet: flags of V8, Dawn itself.
const alone = ["test/heap.test.ts", "test/robust.test.ts"];

// Two processes, since compiling, which takes most of the time on software adapters, uses one core. The files of a
// process share its device and all that was compiled on it.
export default defineConfig({
  test: {
    maxWorkers: 2, globalSetup: "test/browser/site.ts",
    projects: [
      { ...common, test: { ...common.test, name: "alone", include: alone } },
      { ...common, test: {
        ...common.test, name: "together", include: ["test/**/*.test.ts"], exclude: alone, isolate: false,
      } },
    ],
  },
});
