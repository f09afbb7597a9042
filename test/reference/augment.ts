// Plain twin of shaders/augment.wgsl, with the generator of src/random.ts.
import { philox } from "../../src/random.js";

export interface Dim {
  N: number; P: number; Q: number; first: number;
  crop: number; flip: number; erase: number; brightness: number; contrast: number;
}
export interface Draw {
  top: number; left: number; flip: number; contrast: number; grey: number; brightness: number;
  rows: number[]; columns: number[];
}

const unit = (word: number) => (word >>> 8) / 2 ** 24;
const below = (count: number, word: number) => Math.floor(count * word / 2 ** 32);
function factor(strength: number, word: number): number {
  const low = Math.max(0, 1 - strength);
  return low + unit(word) * (1 + strength - low);
}

export function draw(
  { N, P, Q, first, crop, flip, erase, brightness, contrast }: Dim, { step, seed }: { step: number; seed: number },
  order: ArrayLike<number>, greys: ArrayLike<number>,
): Draw[] {
  return Array.from({ length: N }, (_, n) => {
    const words = (block: number) => philox([first + n, step, block, 3], [seed, 0]);
    const place = words(0), look = words(1), f = factor(contrast, look[1]);
    const d = {
      top: below(2 * crop + 1, place[0]) - crop, left: below(2 * crop + 1, place[1]) - crop,
      flip: Number(place[2] >>> 8 < flip),
      brightness: factor(brightness, look[0]), contrast: f, grey: (1 - f) * greys[order[n]],
      rows: [0, 0], columns: [0, 0],
    };
    for (let tries = look[2] >>> 8 < erase ? 0 : 10; tries < 10; tries++) {
      const [a, r, h, w] = words(2 + tries), area = P * Q * (0.02 + 0.31 * unit(a)), ratio = 0.3 * 11 ** unit(r);
      const height = Math.round(Math.sqrt(area * ratio)), width = Math.round(Math.sqrt(area / ratio));
      if (!(height < P && width < Q)) continue;
      const [row, column] = [below(P - height + 1, h), below(Q - width + 1, w)];
      return { ...d, rows: [row, row + height], columns: [column, column + width] };
    }
    return d;
  });
}

/** A draw that changes nothing. */
export const still: Draw = {
  top: 0, left: 0, flip: 0, contrast: 1, grey: 0, brightness: 1, rows: [0, 0], columns: [0, 0],
};

/** Draws as the ten words that shaders/lib/draw.wgsl makes of each, and back. */
export function pack(draws: readonly Draw[]): Uint32Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(40 * draws.length));
  draws.forEach(({ top, left, flip, contrast, grey, brightness, rows, columns }, n) => {
    [top, left, flip].forEach((v, i) => view.setInt32(40 * n + 4 * i, v, true));
    [contrast, grey, brightness].forEach((v, i) => view.setFloat32(40 * n + 12 + 4 * i, v, true));
    [...rows, ...columns].forEach((v, i) => view.setUint32(40 * n + 24 + 4 * i, v, true));
  });
  return new Uint32Array(view.buffer);
}

export function unpack(words: ArrayBufferView): Draw[] {
  const view = new DataView(words.buffer, words.byteOffset, words.byteLength);
  const whole = (at: number) => view.getInt32(at, true), real = (at: number) => view.getFloat32(at, true);
  return Array.from({ length: words.byteLength / 40 }, (_, n) => 40 * n).map((at) => ({
    top: whole(at), left: whole(at + 4), flip: whole(at + 8),
    contrast: real(at + 12), grey: real(at + 16), brightness: real(at + 20),
    rows: [whole(at + 24), whole(at + 28)], columns: [whole(at + 32), whole(at + 36)],
  }));
}
