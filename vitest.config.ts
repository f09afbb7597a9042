import { defineConfig } from "vitest/config";

// One process a file: a device of its own, and Dawn's addon never meets worker threads. Two at a time: compiling, which
// takes most of the time on software adapters, uses one core.
export default defineConfig({
  resolve: {
    alias: [
      ["convoy-gpu", "src/index.ts"],
      ["convoy-gpu/data", "src/data/index.ts"],
      ["convoy-gpu/models", "models/index.ts"],
      ["convoy-gpu/wgsl", "src/wgsl/index.ts"],
      ["convoy-gpu/check", "src/check/index.ts"],
      ["convoy-gpu/bench", "src/bench/index.ts"],
    ].map(([name, file]) => ({ find: new RegExp(`^${name}$`), replacement: `${import.meta.dirname}/${file}` })),
  },
  test: {
    pool: "forks", maxWorkers: 2, globalSetup: "test/browser/site.ts", testTimeout: 120_000, hookTimeout: 60_000,
    include: ["test/**/*.test.ts"], env: { CONVOY_ADAPTER: process.env.CONVOY_ADAPTER ?? "software" },
  },
});
