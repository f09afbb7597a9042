import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import type { Split } from "../data/dataset.js";
import type { Decode, Pixels } from "../data/decode.js";
import { fromNamed, type FilesOptions } from "../data/files.js";
import { again } from "../data/idx.js";
import { ConvoyError, FormatError, OptionError } from "../errors.js";

const MOST = 2 ** 28;  // pixels of an image: more would be made to fill the memory

interface Pngjs { readonly PNG: { readonly sync: { read(bytes: Buffer): Pixels } } }
interface JpegJs { readonly default: { decode(bytes: Uint8Array, options: Readonly<Record<string, unknown>>): Pixels } }

/** A package that is there only if its user wants it. */
async function optional<T>(name: string, what: string): Promise<T> {
  try { return await import(name) as T; } catch (cause) {
    const why = `${what}: unpacking it takes the package ${name}; npm install ${name}`;
    throw new ConvoyError("data", why, { package: name }, cause);
  }
}

const decode: Decode = async (bytes, what) => {
  const isPng = bytes[0] === 0x89 && bytes[1] === 0x50, isJpeg = bytes[0] === 0xff && bytes[1] === 0xd8;
  if (!isPng && !isJpeg) {
    throw new FormatError(`${what}: neither PNG nor JPEG, which are what Node reads here; convert it`, { what });
  }
  if (isPng) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const pixels = bytes.length < 24 ? 0 : view.getUint32(16) * view.getUint32(20);
    if (pixels > MOST) {
      const why = `${what}: promises ${pixels.toLocaleString("en")} pixels, more than an image has`;
      throw new FormatError(why, { what, pixels });
    }
  }
  const unpack = isPng
    ? await optional<Pngjs>("pngjs", what).then(({ PNG }) => () => PNG.sync.read(Buffer.from(bytes)))
    : await optional<JpegJs>("jpeg-js", what).then(({ default: { decode } }) => () =>
      decode(bytes, { useTArray: true, formatAsRGBA: true, maxResolutionInMP: MOST / 1e6 }));
  try { return unpack(); } catch (cause) {
    throw new FormatError(`${what}: damaged (${(cause as Error).message}); ${again}`, { what }, cause);
  }
};

/**
 * A data set from a folder on the disk: IDX pairs, CIFAR's .bin files, or PNG and JPEG images in one folder a class
 * (`class/x.png`, or `train/class/x.png` and `test/class/y.png`), as fromFiles() takes them. Images need the packages
 * pngjs or jpeg-js; a JPEG that wants to be turned (EXIF) is not.
 */
export async function fromFolder(folder: string, options: FilesOptions = {}): Promise<Split> {
  if (!(await stat(folder).catch(() => undefined))?.isDirectory()) {
    throw new OptionError(`${folder} is no folder`, { folder });
  }
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((e) => !e.isDirectory()).map((e) => join(e.parentPath, e.name));
  const files = paths.map((path) => ({
    path: relative(folder, path).split(sep).join("/"), bytes: () => readFile(path),
  }));
  return fromNamed(files, folder, decode, options);
}
