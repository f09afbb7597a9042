// One checkpoint a family in the browser's own files (OPFS), with what the page needs to know to go on with it.
import type { Settings } from "./family.js";
import type { Unkept } from "./protocol.js";

/**
 * `run` is the run's id; `data` the name of what it was trained on; `step` counts over all epochs; `at` is when it was
 * kept, in milliseconds.
 */
export interface Kept {
  readonly settings: Settings;
  readonly data: string;
  readonly run: number;
  readonly epoch: number;
  readonly step: number;
  readonly at: number;
}

/** A file is the length of a JSON text in 4 bytes, the text, a checkpoint: one file, so both are of the same moment. */
export function vault(name: string) {
  const folder = async () => (await navigator.storage.getDirectory()).getDirectoryHandle("convoy", { create: true });
  async function read(): Promise<{ kept: Kept; rest: Blob } | undefined> {
    try {
      const file = await (await (await folder()).getFileHandle(name)).getFile();
      const length = new DataView(await file.slice(0, 4).arrayBuffer()).getUint32(0);
      const kept: Partial<Kept> = JSON.parse(await file.slice(4, 4 + length).text()) as Partial<Kept>;
      const complete = typeof kept.settings === "object" && typeof kept.data === "string"
        && typeof kept.run === "number" && typeof kept.step === "number"
        && typeof kept.epoch === "number" && typeof kept.at === "number";
      return complete ? { kept: kept as Kept, rest: file.slice(4 + length) } : undefined;
    } catch { return undefined; }  // nothing there, or nothing allowed there
  }
  const lock = `convoy ${name}`;
  let mine = false;
  /** Whether this tab may write: the first that keeps a run does, until it is closed. */
  const first = () => new Promise<boolean>((done, failed) => {
    navigator.locks.request(lock, { ifAvailable: true }, (given) => {
      done(mine = given !== null);
      return given && new Promise(() => {});
    }).catch(failed);
  });
  return {
    /** What is kept, without its checkpoint: at once, or when the tab that keeps its own run there is closed. */
    async look(): Promise<Kept | undefined> {
      try { return await navigator.locks.request(lock, async () => (await read())?.kept); } catch { return undefined; }
    },
    async load(): Promise<{ kept: Kept; file: Uint8Array<ArrayBuffer> } | undefined> {
      const found = await read();
      return found && { kept: found.kept, file: new Uint8Array(await found.rest.arrayBuffer()) };
    },
    /** Gives why it could not, if so. The old file stays until the new one is complete. */
    async save(kept: Kept, file: Uint8Array<ArrayBuffer>): Promise<Unkept | undefined> {
      try {
        if (!mine && !await first()) return "other tab";
        const text = new TextEncoder().encode(JSON.stringify(kept)), length = new DataView(new ArrayBuffer(4));
        length.setUint32(0, text.length);
        const stream = await (await (await folder()).getFileHandle(name, { create: true })).createWritable();
        for (const part of [length, text, file]) await stream.write(part);
        await stream.close();
        return undefined;
      } catch { return "no files"; }
    },
    async clear(): Promise<void> {
      try { await (await folder()).removeEntry(name); } catch { /* there is none */ }
    },
  };
}
