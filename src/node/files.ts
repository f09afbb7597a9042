import { randomBytes } from "node:crypto";
import { rename, rm, writeFile } from "node:fs/promises";

/** Writes a file whole or not at all: under another name first, then renamed. What was there stays until then. */
export async function saveFile(path: string, bytes: Uint8Array): Promise<void> {
  const draft = `${path}.${randomBytes(4).toString("hex")}.part`;
  try {
    await writeFile(draft, bytes);
    await rename(draft, path);
  } catch (e) {
    await rm(draft, { force: true });
    throw e;
  }
}

/** Writes data as JSON, a line a value. */
export const writeJson = (path: string, data: unknown): Promise<void> =>
  writeFile(path, `${JSON.stringify(data, undefined, 1)}\n`);
