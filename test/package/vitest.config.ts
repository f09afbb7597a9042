import { defineConfig } from "vitest/config";

// What takes minutes, apart from npm test: npm run test:package packs and installs from the npm registry,
// npm run test:pages trains every family in its page.
export default defineConfig({
  test: {
    pool: "forks", fileParallelism: false, testTimeout: 300_000, hookTimeout: 300_000,
    globalSetup: "test/browser/site.ts",
    include: ["test/package/*.check.ts", "test/browser/*.check.ts"],
    env: { CONVOY_ADAPTER: process.env.CONVOY_ADAPTER ?? "software" },
  },
});
