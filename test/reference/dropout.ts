// Plain twin of shaders/dropout.wgsl, with the generator of src/random.ts.
import { philox } from "../../src/random.js";

export interface Dim { size: number; stream: number; threshold: number; scale: number }
export interface Clock { step: number; seed: number }
type Vec = Float64Array;

/** v times the mask and scale of this step: y of x, or dx of dy. */
export const apply = ({ stream, threshold, scale }: Dim, { step, seed }: Clock, v: Vec): Vec => v.map((value, i) => {
  const word = philox([i >>> 2, step, stream, 2], [seed, 0])[i % 4];
  return word >>> 8 >= threshold ? scale * value : 0;
});
