// The binary files of CIFAR-10 and CIFAR-100 (Krizhevsky 2009): records without a header, labels first, then 32 × 32
// bytes of red, green and blue.
import { FormatError } from "../errors.js";
import { again, plain } from "./idx.js";

/** CIFAR-10 or CIFAR-100. */
export type CifarKind = 10 | 100;
/** What one file holds. */
export interface Cifar {
  /** N·3·32·32. */
  readonly images: Uint8Array<ArrayBuffer>;
  /** N; of CIFAR-100 the fine ones. */
  readonly labels: Uint8Array<ArrayBuffer>;
}

/** Shape of an image, PyTorch's way round. */
export const cifarShape = [3, 32, 32] as const;

/** Classes in the order of their labels; of CIFAR-100 the fine ones. */
export const cifarClasses: Readonly<Record<CifarKind, readonly string[]>> = {
  10: /* @__PURE__ */ "airplane automobile bird cat deer dog frog horse ship truck".split(" "),
  100: /* @__PURE__ */ (`apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge
    bus butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab
    crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard lamp
    lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain mouse mushroom oak_tree orange
    orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray
    road rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar sunflower
    sweet_pepper table tank telephone television tiger tractor train trout tulip turtle wardrobe whale
    willow_tree wolf woman worm`).split(/\s+/),
};

const AREA = 3 * 32 * 32;
/** Labels of a record, and how many values each may have: CIFAR-100 has 20 coarse ones before the fine. */
const ranges: Readonly<Record<CifarKind, readonly number[]>> = { 10: [10], 100: [20, 100] };

/** Reads one binary file, strictly. `what` names it in errors. */
export function parseCifar(file: Uint8Array, kind: CifarKind, what: string): Cifar {
  const bytes = plain(file, what), range = ranges[kind], record = range.length + AREA, N = bytes.length / record;
  if (N < 1 || !Number.isInteger(N)) throw new FormatError(
    `${what}: ${bytes.length} bytes are ${N < 1 ? "less than one record" : "no whole number of records"} `
      + `of CIFAR-${kind}, which take ${record} each; ${again}`,
    { what, kind, record, bytes: bytes.length },
  );
  const images = new Uint8Array(N * AREA), labels = new Uint8Array(N);
  for (let n = 0, at = 0; n < N; n++, at += record) {
    range.forEach((most, i) => {
      const label = labels[n] = bytes[at + i];
      if (label >= most) throw new FormatError(
        `${what}: record ${n} has label ${label}, and CIFAR-${kind} has labels 0 to ${most - 1} there; `
          + "this is another format, or damaged",
        { what, record: n, label },
      );
    });
    images.set(bytes.subarray(at + range.length, at + record), n * AREA);
  }
  return { images, labels };
}

/** Which CIFAR a file is of, by its size and, should both fit, its name. */
export function cifarKind(length: number, name: string): CifarKind {
  const kinds = ([10, 100] as const).filter((kind) => length > 0 && length % (ranges[kind].length + AREA) === 0);
  // 10: data_batch_1.bin, test_batch.bin; 100: train.bin, test.bin
  if (kinds.length > 1) return /_batch/.test(name) ? 10 : 100;
  if (!kinds.length) throw new FormatError(
    `${name}: ${length} bytes are no whole number of records, of neither CIFAR-10 (${1 + AREA} bytes each) `
      + `nor CIFAR-100 (${2 + AREA}); ${again}`,
    { bytes: length },
  );
  return kinds[0];
}
