import { mkdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type { Store } from "../gpu/device.js";
import { saveFile } from "./files.js";

/**
 * Texts in one JSON file, by default in the user's cache. A file that is not there, or no such file, is an empty one;
 * one that cannot be written stays away.
 */
export function fileStore(path = join(homedir(), ".cache", "convoy", "tuned.json")): Store {
  const all = async (): Promise<Record<string, unknown>> => {
    try {
      const found: unknown = JSON.parse(await readFile(path, "utf8"));
      return typeof found === "object" && found !== null ? { ...found } : {};
    } catch { return {}; }
  };
  return {
    async get(key) {
      const text = (await all())[key];
      return typeof text === "string" ? text : undefined;
    },
    async set(key, text) {
      try {
        await mkdir(dirname(path), { recursive: true });
        await saveFile(path, new TextEncoder().encode(JSON.stringify({ ...await all(), [key]: text }, undefined, 1)));
      } catch { /* a read-only home: the next run measures again */ }
    },
  };
}
