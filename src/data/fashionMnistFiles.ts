// What the files of Fashion-MNIST are, for pages and Node alike.
import { FormatError } from "../errors.js";
import { dataset, type Dataset, type Split } from "./dataset.js";
import { again, gunzip, parseIdx, sha256 } from "./idx.js";

/** The ten classes, in the order of their labels. */
const fashionMnistClasses = [
  "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
] as const;

/** One file: its name, gzipped, and what it must be when unpacked. */
export interface DataFile { readonly name: string; readonly bytes: number; readonly sha256: string }

/** Images and labels of both halves, and what they are together. */
export interface DataFiles extends Readonly<Record<"train" | "test", readonly [images: DataFile, labels: DataFile]>> {
  readonly name: string;
}

/** The first 10,000 + 2,000 images, which travel with the package. All of them: fashionMnistFull.ts. */
export const subsetFiles: DataFiles = {
  name: "Fashion-MNIST, the first 10,000 + 2,000",
  train: [
    {
      name: "train-images.idx3.gz", bytes: 7_840_016,
      sha256: "ed2e37ed5a3a57d212141a69fe0a0de5a7126ffba14ac3f7e76f5f52cc04b1f0",
    },
    {
      name: "train-labels.idx1.gz", bytes: 10_008,
      sha256: "a69f2dad024ca220a8c4d85f621fdf929042d40c444abde2868903e9220ad517",
    },
  ],
  test: [
    {
      name: "test-images.idx3.gz", bytes: 1_568_016,
      sha256: "862035b0a96959b614c9574f4c2b0ae9584ca234813e8d6d7adb7838b12ca46b",
    },
    {
      name: "test-labels.idx1.gz", bytes: 2_008,
      sha256: "aa3f574d30afaf0d4d9da084a6f8541771e20693d6a97fae6e9a4953fca8f078",
    },
  ],
};

/** Unpacks one file and makes sure it is the one that was published. Takes it gzipped or plain. */
export async function checked(file: DataFile, bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const raw = await gunzip(bytes, file.bytes, file.name), hash = await sha256(raw);
  if (hash !== file.sha256) throw new FormatError(
    `${file.name}: expected ${file.bytes} bytes with SHA-256 ${file.sha256}, got ${raw.length} with ${hash}; `
      + `it is damaged, or another file (a page: not found?); ${again}`,
    { file: file.name, expected: file.sha256, got: hash, bytes: raw.length },
  );
  return raw;
}

/**
 * The data set out of its four files, each checked against its SHA-256. `files` gives one by name; `source` says where
 * from.
 */
export async function assemble(
  files: (name: string) => Promise<Uint8Array>, { name, ...parts }: DataFiles, source: string,
): Promise<Split> {
  async function half(part: "train" | "test"): Promise<Dataset> {
    const [images, labels] = await Promise.all(parts[part].map(async (file) =>
      parseIdx(await checked(file, await files(file.name)), file.name).data));
    return dataset({ images, labels, shape: [1, 28, 28], classes: fashionMnistClasses });
  }
  const [train, test] = await Promise.all([half("train"), half("test")]);
  return { train, test, name, source };
}
