import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Split } from "../data/dataset.js";
import { assemble, checked, subsetFiles, type DataFile, type DataFiles } from "../data/fashionMnistFiles.js";
import { fullFiles } from "../data/fashionMnistFull.js";
import { ConvoyError, OptionError } from "../errors.js";
import { known } from "../options.js";
import { saveFile } from "./files.js";

/** "full": the 60,000 + 10,000 images as published. "subset": the first 10,000 + 2,000, which come with the package. */
export type Which = "subset" | "full";
/** All that fashionMnist() may be asked for. */
export const sets: readonly string[] = ["subset", "full", "auto"] satisfies (Which | "auto")[];
export const isSet = (which: string): which is Which | "auto" => sets.includes(which);

/** What fashionMnist() takes in Node. */
export interface NodeFashionMnistOptions {
  /**
   * "subset" (default): the first 10,000 + 2,000 images, out of the package.
   * "full": all 60,000 + 10,000, from the disk or, once, from the network.
   * "auto": in full where the disk has it, else the subset; never the network.
   */
  which?: Which | "auto";
  /** Folder to look in before all others; $CONVOY_DATA is the next. */
  dir?: string;
}

/** Where Zalando publishes the files. Plain HTTP, hence the SHA-256 before anything is kept. */
const home = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/";

/** Fashion-MNIST from the disk, each file checked against its SHA-256. `source` of the result is the folder. */
export async function fashionMnist(options: NodeFashionMnistOptions = {}): Promise<Split> {
  const { which = "subset", dir } = known("fashionMnist() in Node", options, "which, dir");
  if (!isSet(which)) {
    throw new OptionError(`which is "subset", "full" or "auto", not "${which}"`, { which });
  }
  const given = [dir, process.env.CONVOY_DATA].flatMap((folder) => folder ? [folder] : []);
  const cache = join(homedir(), ".cache", "convoy", "fashion-mnist");
  const shared = [...given, cache, "/usr/share/datasets/fashion-mnist", "/usr/local/share/datasets/fashion-mnist"];
  const own = [...given, fileURLToPath(new URL("../data/fashion-mnist/", import.meta.url))];

  if (which !== "subset") {
    const folder = shared.find((place) => holds(place, fullFiles));
    if (folder !== undefined) return load(folder, fullFiles);
    if (which === "full") {
      await download(cache, shared);
      return load(cache, fullFiles);
    }
  }
  const folder = own.find((place) => holds(place, subsetFiles));
  if (folder === undefined) {
    const why = `Fashion-MNIST's subset is in none of ${own.join(", ")}; install convoy-gpu again, `
      + "or, if a bundler moved its code, name the folder: fashionMnist({ dir })";
    throw new ConvoyError("data", why, { looked: own });
  }
  return load(folder, subsetFiles);
}

const filesOf = ({ train, test }: DataFiles): readonly DataFile[] => [...train, ...test];

/** The path of a file, gzipped or plain, if the folder has it. */
const find = (folder: string, name: string) =>
  [join(folder, name), join(folder, name.replace(/\.gz$/, ""))].find(existsSync);
const holds = (folder: string, files: DataFiles) =>
  filesOf(files).every(({ name }) => find(folder, name) !== undefined);
const load = (folder: string, files: DataFiles) =>
  assemble((name) => readFile(find(folder, name) ?? join(folder, name)), files, folder);

/**
 * Fetches the original files into the cache. A file gets its name when it is whole and right,
 * so a broken download leaves nothing that is believed.
 */
async function download(cache: string, looked: readonly string[]): Promise<void> {
  try {
    await mkdir(cache, { recursive: true });
    for (const file of filesOf(fullFiles)) {
      if (find(cache, file.name) !== undefined) continue;
      const bytes = await fetchFile(file);
      await checked(file, bytes);
      await saveFile(join(cache, file.name), bytes);
    }
  } catch (cause) {
    const why = `Fashion-MNIST in full is in none of ${looked.join(", ")}, and cannot be fetched from ${home} `
      + `(${reason(cause)}); install Debian's dataset-fashion-mnist, `
      + "or put the four .gz files in a folder and set CONVOY_DATA to it";
    throw new ConvoyError("data", why, { looked, home }, cause);
  }
}

async function fetchFile(file: DataFile): Promise<Uint8Array> {
  const response = await fetch(home + file.name);
  if (!response.ok || !response.body) {
    const { url, status, statusText } = response;
    throw new ConvoyError("data", `${url} answers ${status} ${statusText}`, { status });
  }
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += part.length;
    if (bytes > file.bytes) {
      const why = `${file.name} is larger packed than it should be unpacked, ${file.bytes} bytes`;
      throw new ConvoyError("data", why, { expected: file.bytes });
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** fetch says "fetch failed", and the reason in its cause. */
function reason(error: unknown): string {
  const e = error as { message?: string; cause?: { message?: string } };
  return [e.message, error instanceof ConvoyError ? undefined : e.cause?.message].filter((m) => m).join(": ");
}
