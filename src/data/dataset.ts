import { FormatError, OptionError } from "../errors.js";
import { known } from "../options.js";
import { plain } from "./idx.js";

/** Labelled images as bytes, the form in which they are uploaded. Made by `dataset()`, which checks them. */
export interface Dataset {
  /** N·H·W·C bytes, channels last. */
  readonly images: Uint8Array<ArrayBuffer>;
  /** N bytes, each an index into `classes`. */
  readonly labels: Uint8Array<ArrayBuffer>;
  /** Of one image, PyTorch's way round. */
  readonly shape: readonly [C: number, H: number, W: number];
  readonly classes: readonly string[];
  /** N. */
  readonly size: number;
}

/** What a network learns from and what it is judged by. */
export interface Split {
  readonly train: Dataset;
  readonly test: Dataset;
  readonly name: string;
  /** Where the files were read: a folder or a URL. */
  readonly source: string;
}

/** What dataset() takes. */
export interface DatasetOptions {
  /** N·C·H·W bytes, 0 to 255. */
  images: Uint8Array;
  /** N bytes. */
  labels: Uint8Array;
  /** [C, H, W] of one image. */
  shape: readonly [C: number, H: number, W: number];
  classes: readonly string[];
  /** How `images` lie in memory. Default NCHW, PyTorch's; a canvas gives NHWC. */
  order?: "NCHW" | "NHWC";
}

/**
 * A data set from bytes in memory. Images whose channels are last already are not copied: change them, and the data set
 * changes.
 */
export function dataset(options: DatasetOptions): Dataset {
  const { images, labels, shape, classes, order = "NCHW" } =
    known("dataset()", options, "images, labels, shape, classes, order");
  if (order !== "NCHW" && order !== "NHWC")
    throw new OptionError(`order is "NCHW" or "NHWC", not "${String(order)}"`, { order });
  for (const [name, bytes] of Object.entries({ images, labels })) {
    if (!(bytes instanceof Uint8Array)) throw new FormatError(
      `${name} are bytes in a Uint8Array, got ${(bytes as object | undefined)?.constructor?.name}; `
        + `copy them with new Uint8Array(${name}), pixels scaled to 0–255`,
      { name },
    );
  }
  if (shape?.length !== 3 || !shape.every((extent) => Number.isSafeInteger(extent) && extent > 0)) {
    const got = JSON.stringify(shape);
    throw new OptionError(`the shape of an image is [C, H, W], three whole numbers from 1, got ${got}`, { shape });
  }
  if (!(classes?.length >= 1 && classes.length <= 256)) throw new OptionError(
    'classes are names, ["cat", "dog"], 1 to 256 of them, for a label is one byte; '
      + `got ${classes?.length ?? typeof classes}`,
    { classes },
  );

  const [C, H, W] = shape, each = C * H * W, N = labels.length;
  if (N === 0) throw new FormatError("a data set has at least one image; labels is empty", { labels: 0 });
  if (images.length !== N * each) throw new FormatError(
    `${N} labels go with ${N} images of [${shape.join(", ")}] = ${N * each} bytes, got ${images.length} bytes, `
      + `which is ${+(images.length / each).toFixed(2)} images; check the shape, and that both files are of one set`,
    { labels: N, shape, expected: N * each, bytes: images.length },
  );
  const wrong = labels.findIndex((label) => label >= classes.length);
  if (wrong >= 0) throw new FormatError(
    `label ${labels[wrong]} at index ${wrong}, but ${classes.length} classes are labelled 0 to ${classes.length - 1}; `
      + "name all classes, and count from 0",
    { index: wrong, label: labels[wrong], classes: classes.length },
  );
  return {
    images: C > 1 && order === "NCHW" ? channelsLast(images, N, C, H * W) : plain(images),
    labels: plain(labels), shape: [C, H, W], classes: [...classes], size: N,
  };
}

/** The first `count` images: views, no copies. Shuffle before, if the file is sorted by class. */
export function subset(data: Dataset, count: number): Dataset {
  if (!Number.isSafeInteger(count) || count < 1 || count > data.size) throw new OptionError(
    `a subset takes 1 to ${data.size} images of this set, not ${count}`, { count, size: data.size },
  );
  return {
    ...data,
    images: data.images.subarray(0, count * (data.images.length / data.size)),
    labels: data.labels.subarray(0, count),
    size: count,
  };
}

function channelsLast(images: Uint8Array, N: number, C: number, area: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(images.length);
  for (let n = 0; n < N; n++)
    for (let c = 0; c < C; c++)
      for (let i = 0; i < area; i++) out[(n * area + i) * C + c] = images[(n * C + c) * area + i];
  return out;
}
