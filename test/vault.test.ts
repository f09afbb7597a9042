import { afterEach, expect, test, vi } from "vitest";
import { vault } from "../examples/shared/vault.js";

afterEach(() => { vi.unstubAllGlobals(); });

test("where a browser refuses locks, as with cookies blocked, nothing is kept, and nobody waits", async () => {
  vi.stubGlobal("navigator", { locks: { request: () => Promise.reject(new DOMException("denied", "SecurityError")) } });
  const kept = { settings: {}, data: "", run: 1, epoch: 1, step: 1, at: 0 };
  expect(await vault("LeNet").save(kept, new Uint8Array(1))).toBe("no files");
  expect(await vault("LeNet").look()).toBeUndefined();
}, 2_000);
