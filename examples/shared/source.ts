// What a worker trains on: Fashion-MNIST, or a data set out of files of the visitor's.
import { fashionMnist, fromFiles, type Split } from "convoy-gpu/data";
import type { Settings } from "./family.js";
import type { ImageShape } from "./protocol.js";

/** Images, and how many classes: what a network is built for. */
export interface Kind { readonly shape: ImageShape; readonly classes: number }
export const fashion: Kind = { shape: [1, 28, 28], classes: 10 };

/** What images in folders are read at: where no setting says it, as large as Fashion-MNIST's. */
export const sideOf = ({ size }: Settings) => Number(size ?? fashion.shape[1]);

/**
 * A data set; images of folders are read at `side` × `side`, anew for another. Equal names are the same data, as far as
 * a page can tell.
 */
export interface Source { readonly own: boolean; at(side: number): Promise<Split> }

/** Reads once, and again after an error. */
function source(own: boolean, sized: boolean, read: (side: number) => Promise<Split>): Source {
  let last: Promise<Split> | undefined, of = 0;
  return { own, at(side) {
    if (!last || sized && side !== of) {
      const mine = last = read(side);
      of = side;
      mine.catch(() => { if (last === mine) last = undefined; });
    }
    return last;
  } };
}

export const published = (url: URL): Source => source(false, false, () => fashionMnist({ url }));
export function chosen(files: readonly File[]): Source {
  const sized = files.every(({ name }) => !/\.bin(\.gz)?$|idx/i.test(name));
  return source(true, sized, async (size) => {
    const split = await fromFiles(files, { size });
    return { ...split, name: `${split.name}, ${split.train.size} + ${split.test.size} images` };
  });
}
