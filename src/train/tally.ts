// What the host knows of the steps taken: rows of the ring, read in time, added up over an epoch.
import { NonFiniteError } from "../errors.js";
import { RING } from "./control.js";

/** Sums over the images of an epoch so far. */
export interface Sums { loss: number; hits: number; images: number }

/** They, and the steps whose rows have been read, in this epoch and those before. */
export interface Tally extends Sums { seen: number }

/** Of an epoch that begins after so many steps in all. */
export const tallyAfter = (seen: number): Tally => ({ loss: 0, hits: 0, images: 0, seen });

/** Adds a row of the ring. */
export function add(sums: Sums, [loss, hits, images]: Iterable<number>): void {
  sums.loss += loss;
  sums.hits += hits;
  sums.images += images;
}

/**
 * Adds the rows of the steps not seen yet, up to so many taken; gives the mean loss of each. A row that is not
 * finite is left out, and thrown once the others are in.
 */
export function addRows(tally: Tally, ring: Float32Array, taken: number, lr: number): number[] {
  const losses: number[] = [];
  let failure: NonFiniteError | undefined;
  for (; tally.seen < taken; tally.seen++) {
    const row = ring.subarray(4 * (tally.seen % RING)), [loss, , images, strange] = row;
    if (strange) failure ??= new NonFiniteError(
      `the loss of step ${tally.seen} is NaN or infinite for ${strange} of ${images} images; `
        + `lower the learning rate (it is ${lr}), or check the data`,
      { step: tally.seen, images: strange },
    );
    else {
      losses.push(loss / images);
      add(tally, row);
    }
  }
  if (failure) throw failure;
  return losses;
}
