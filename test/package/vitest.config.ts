import { defineConfig } from "vitest/config";

// npm run test:package: apart from npm test, since it packs, installs from the npm registry, and takes minutes.
export default defineConfig({ test: { pool: "forks", fileParallelism: false, testTimeout: 300_000, hookTimeout: 300_000, include: ["test/package/*.check.ts"] } });
