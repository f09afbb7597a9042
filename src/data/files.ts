// A data set out of files that someone chose: dropped on a page, or in a folder on the disk. Which kind they are, their
// names tell.
import { FormatError, OptionError } from "../errors.js";
import { pair } from "../layers/layer.js";
import { known } from "../options.js";
import { permutation } from "../random.js";
import { cifarClasses, cifarKind, cifarShape, parseCifar, type CifarKind } from "./cifar.js";
import { dataset, type Dataset, type Split } from "./dataset.js";
import { browserDecode, planes, type Decode } from "./decode.js";
import { gunzip, parseIdx, plain } from "./idx.js";
import { resizeImages } from "./resize.js";

/** What fromFiles() takes beside the files, and fromFolder() beside the folder. */
export interface FilesOptions {
  /**
   * Height and width of the images of a folder, which are resized to it (bilinear). Default: theirs, if all have the
   * same.
   */
  size?: number | readonly [height: number, width: number];
  /** Channels of the images of a folder: 3 (default), or 1 for grey ones. */
  channels?: 1 | 3;
  /** Share of the images that becomes the test set where the files name none. Default 0.2. */
  holdOut?: number;
  /** What to call the data set. Default: its kind. */
  name?: string;
}

/** A file by its path, of which the folders may tell classes. */
interface NamedFile { readonly path: string; bytes(): Promise<Uint8Array> }
type Part = "train" | "test";
type Halves = Partial<Record<Part, Dataset>>;

const LARGEST = 2 ** 32 - 1;  // bytes of an unpacked file: as many as gzip's trailer can tell
const kinds: Readonly<Record<string, RegExp>> = {
  IDX: /(idx[1-4](-ubyte)?|\.idx)(\.gz)?$/i,
  CIFAR: /\.bin(\.gz)?$/i,
  images: /\.(png|jpe?g|webp|gif|bmp|avif)$/i,
};
/** Which set a name says: of a file its first word, of a folder all of it. */
const partOf = (name: string, end = "(?![a-z])"): Part =>
  RegExp(`^(test|testing|t10k|val|valid|validation)${end}`, "i").test(name) ? "test" : "train";
const nameOf = (path: string) => path.slice(path.lastIndexOf("/") + 1);

/**
 * A data set from files, for a drop or `<input type="file" webkitdirectory multiple>`: the pairs of an IDX set, gzipped
 * or not; CIFAR-10's or -100's .bin files; or images in one folder a class, `class/x.png` or `train/class/x.png` and
 * `test/class/y.png`. Files of other kinds are passed over. Throws a FormatError that names the file. In Node it reads
 * IDX and CIFAR; fromFolder() reads images too.
 */
export async function fromFiles(files: Iterable<File>, options: FilesOptions = {}): Promise<Split> {
  const named = Array.from(files, (file) => ({
    path: file.webkitRelativePath || file.name,
    bytes: async () => new Uint8Array(await file.arrayBuffer()),
  }));
  return fromNamed(named, "files", browserDecode, options);
}

/** The same, from wherever files come. */
export async function fromNamed(
  files: readonly NamedFile[], source: string, decode: Decode, options: FilesOptions = {},
): Promise<Split> {
  const { holdOut = 0.2, name } = known("a data set of files", options, "size, channels, holdOut, name");
  if (!(holdOut > 0 && holdOut < 1))
    throw new OptionError(`holdOut is a share of the images, above 0 and below 1, not ${holdOut}`, { holdOut });
  const shown = files.filter(({ path }) => !/(^|\/)[._]/.test(path)).sort((a, b) => a.path < b.path ? -1 : 1);
  const found = Object.entries(kinds)
    .map(([kind, pattern]) => [kind, shown.filter(({ path }) => pattern.test(path))] as const)
    .filter(([, list]) => list.length);
  if (found.length !== 1) {
    const each = found.map(([kind, list]) => `${kind} (${nameOf(list[0].path)})`).join(" and of ");
    throw new FormatError(
      found.length
        ? `${source}: there are files of ${each}; choose those of one data set`
        : `${source}: none of the files (${files.length}) is of a kind that is known: `
          + "IDX (…-idx3-ubyte, …-idx1-ubyte, also .gz), CIFAR (.bin), or images in a folder for each class",
      { files: files.length },
    );
  }
  const [[kind, list]] = found;
  const { train, test } = kind === "IDX" ? await idxSets(list)
    : kind === "CIFAR" ? await cifarSets(list)
    : await imageSets(list, decode, options);
  if (!train) throw new FormatError(`${source}: there are test files, and none to train on`, { files: list.length });
  const usual = kind === "images" ? `${train.classes.length} classes of images`
    : kind === "IDX" ? kind
    : `CIFAR-${train.classes.length}`;
  const named = { name: name ?? usual, source };
  if (test) return { train, test, ...named };
  const held = Math.round(train.size * holdOut), order = permutation(train.size, 0, 0);
  if (held < 1 || held >= train.size) throw new FormatError(
    `${source}: ${train.size} images are too few to hold ${100 * holdOut} % out for a test; add some, or a test set`,
    { images: train.size, holdOut },
  );
  return { train: picked(train, order.subarray(held)), test: picked(train, order.subarray(0, held)), ...named };
}

/** The images with these indices. */
function picked({ images, labels, size, shape, classes }: Dataset, order: Uint32Array): Dataset {
  const each = images.length / size, some = new Uint8Array(order.length * each);
  order.forEach((i, n) => some.set(images.subarray(i * each, (i + 1) * each), n * each));
  return dataset({ images: some, labels: Uint8Array.from(order, (i) => labels[i]), shape, classes, order: "NHWC" });
}

async function idxSets(files: readonly NamedFile[]): Promise<Halves> {
  type Files = { images?: Uint8Array; labels?: Uint8Array; shape?: [number, number, number] };
  const parts: Record<Part, Files> = { train: {}, test: {} };
  for (const { path, bytes } of files) {
    const { shape, data } = parseIdx(await gunzip(await bytes(), LARGEST, path), path), [, ...each] = shape;
    const part = parts[partOf(nameOf(path))];
    if (shape.length === 2) throw new FormatError(
      `${path}: a rank of 2 is neither labels [N] nor images [N, H, W] or [N, C, H, W]`, { shape },
    );
    const key = shape.length === 1 ? "labels" : "images";
    if (part[key]) throw new FormatError(
      `${path}: a second file of ${key} for the same set; `
        + 'a name whose first word is "test", "t10k" or "val" is of the test set',
      { path },
    );
    part[key] = data;
    if (key === "images") part.shape = each.length === 2 ? [1, each[0], each[1]] : [each[0], each[1], each[2]];
  }
  let most = 0;
  for (const { labels } of Object.values(parts)) for (const label of labels ?? []) most = Math.max(most, label);
  const classes = Array.from({ length: most + 1 }, (_, i) => `${i}`);
  const sets = (Object.entries(parts) as [Part, Files][])
    .filter(([, { images, labels }]) => images || labels)
    .map(([part, { images, labels, shape }]) => {
      if (!images || !labels) throw new FormatError(
        `the ${part} set has ${images ? "images and no labels" : "labels and no images"}; IDX files come in pairs`,
        { part },
      );
      return [part, dataset({ images, labels, shape: shape!, classes })] as const;
    });
  return alike(Object.fromEntries(sets));
}

async function cifarSets(files: readonly NamedFile[]): Promise<Halves> {
  const parts: Record<Part, ReturnType<typeof parseCifar>[]> = { train: [], test: [] };
  let kind: CifarKind | undefined;
  for (const { path, bytes } of files) {
    const raw = await gunzip(await bytes(), LARGEST, path), here = cifarKind(raw.length, nameOf(path));
    if (kind && kind !== here) throw new FormatError(
      `${path} is of CIFAR-${here}, and files before it of CIFAR-${kind}; choose those of one data set`, { path },
    );
    parts[partOf(nameOf(path))].push(parseCifar(raw, kind = here, path));
  }
  const joined = (list: readonly Uint8Array[]) => {
    const all = new Uint8Array(list.reduce((sum, { length }) => sum + length, 0));
    list.reduce((at, bytes) => { all.set(bytes, at); return at + bytes.length; }, 0);
    return all;
  };
  const sets = Object.entries(parts).filter(([, list]) => list.length).map(([part, list]) => [part, dataset({
    images: joined(list.map((c) => c.images)), labels: joined(list.map((c) => c.labels)),
    shape: cifarShape, classes: cifarClasses[kind!],
  })]);
  return Object.fromEntries(sets);
}

/**
 * Images in folders: the one a file lies in is its class; the one around that may be called train or test. Their order
 * is mixed, always the same way.
 */
async function imageSets(
  files: readonly NamedFile[], decode: Decode, { size, channels: C = 3 }: FilesOptions,
): Promise<Halves> {
  if (C !== 1 && C !== 3) throw new OptionError(`channels is 1 or 3, not ${String(C)}`, { channels: C });
  const placed = files.map((file) => {
    const folders = file.path.split("/").slice(0, -1), of = folders.at(-1);
    if (of === undefined) throw new FormatError(
      `${file.path} lies in no folder, and the folder of an image is its class: class/${file.path}`,
      { path: file.path },
    );
    return { file, of, part: partOf(folders.at(-2) ?? "", "$") };
  });
  const classes = [...new Set(placed.map(({ of }) => of))].sort(), halves: Halves = {};
  let common = size === undefined ? size : pair("size", size, 1);
  for (const part of ["train", "test"] as const) {
    const mine = placed.filter((p) => p.part === part), images: Uint8Array[] = [];
    const order = permutation(mine.length, 0, 0), labels = Uint8Array.from(order, (i) => classes.indexOf(mine[i].of));
    if (!mine.length) continue;
    for (const i of order) {
      const { path, bytes } = mine[i].file, pixels = await decode(plain(await bytes()), path);
      const { height, width } = pixels;
      common ??= [height, width];
      if (size === undefined && (common[0] !== height || common[1] !== width)) throw new FormatError(
        `${path} has ${height} × ${width} pixels, and other images ${common.join(" × ")}; `
          + "say what size all shall have: size",
        { path, height, width },
      );
      const [P, Q] = common;
      images.push(planes(pixels, C, (values) => P === height && Q === width
        ? values
        : resizeImages(values, [C, height, width], [P, Q])));
    }
    const each = C * common![0] * common![1], all = new Uint8Array(each * images.length);
    images.forEach((one, n) => all.set(one, n * each));
    halves[part] = dataset({ images: all, labels, shape: [C, common![0], common![1]], classes });
  }
  return halves;
}

/** Both halves must have images of one shape. */
function alike({ train, test }: Halves): Halves {
  if (train && test && train.shape.join() !== test.shape.join()) throw new FormatError(
    `images to train on are [${train.shape.join(", ")}], those of the test set [${test.shape.join(", ")}]; `
      + "choose files of one data set",
    { train: train.shape, test: test.shape },
  );
  return { train, test };
}
