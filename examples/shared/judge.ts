// What a test set says of a network: which classes it takes for which, and where it is most wrong.
import type { Dataset } from "convoy-gpu/data";
import { pictureOf } from "./look.js";
import type { Picture } from "./protocol.js";

/** An image that was taken for another class, with the network's trust in that and in the truth. */
export interface Mistake {
  readonly index: number;
  readonly picture: Picture;
  readonly guess: number;
  readonly trust: number;
  readonly truth: number;
  readonly loss: number;
}

export interface Judgement {
  /** counts[true class][class it was taken for]. */
  readonly counts: readonly (readonly number[])[];
  /** Highest loss first. */
  readonly worst: readonly Mistake[];
}

/**
 * From probabilities [images, classes]: a page's network has an output for each class and no other. The loss of an
 * image is −ln of the truth's probability; one that float32 rounds to 0 counts as 10⁻³⁸.
 */
export function judge(data: Dataset, probabilities: Float32Array, most = 12): Judgement {
  const { labels, size, classes: { length: K } } = data;
  const counts = Array.from({ length: K }, () => Array.from({ length: K }, () => 0));
  const wrong: Omit<Mistake, "picture">[] = [];
  for (let i = 0; i < size; i++) {
    const row = probabilities.subarray(i * K, (i + 1) * K), trust = Math.max(...row);
    const guess = row.indexOf(trust), truth = row[labels[i]];
    counts[labels[i]][guess]++;
    if (guess !== labels[i]) wrong.push({ index: i, guess, trust, truth, loss: -Math.log(Math.max(truth, 1e-38)) });
  }
  const worst = wrong.sort((a, b) => b.loss - a.loss).slice(0, most);
  return { counts, worst: worst.map((m) => ({ ...m, picture: pictureOf(data, m.index) })) };
}
