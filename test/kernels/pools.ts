// What the tests of poolings share.
import fc from "fast-check";

interface Pool {
  N: number; H: number; W: number; C: number; R: number; S: number; DILATION_H?: number; DILATION_W?: number;
  padding_h: number; padding_w: number; ceil: boolean;
}

/** Poolings of any extents, of a few kinds, because each is compiled. */
export function anyExtents<P extends Pool>(control: P, variants: readonly Partial<P>[]): fc.Arbitrary<P> {
  const upTo = (most: number, least = 1) => fc.integer({ min: least, max: most });
  return fc.record({
    variant: fc.constantFrom(...variants), N: upTo(3), C: upTo(7), ceil: fc.boolean(), padded: fc.boolean(),
    rows: upTo(8, 0), columns: upTo(8, 0),
  }).map(({ variant, padded, rows, columns, ...free }) => {
    const c: P = { ...control, ...variant, ...free }, { DILATION_H = 1, DILATION_W = 1 } = c;
    const padding_h = padded ? Math.floor(c.R / 2) : 0, padding_w = padded ? Math.floor(c.S / 2) : 0;
    const H = Math.max(1, DILATION_H * (c.R - 1) + 1 - 2 * padding_h) + rows;
    const W = Math.max(1, DILATION_W * (c.S - 1) + 1 - 2 * padding_w) + columns;
    return { ...c, H, W, padding_h, padding_w };
  });
}
