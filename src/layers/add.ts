import { ShapeError } from "../errors.js";
import { add_forward } from "../generated/add.js";
import type { Value } from "../graph.js";
import { byFours } from "../gpu/recorder.js";
import { checkValues, nchw, type Layer } from "./layer.js";

const layer: Layer<never, never, "a" | "b"> = {
  name: "add",
  inputs: ["a", "b"],

  shape(a, b) {
    if (a.join() !== b.join())
      throw new ShapeError(`cannot add ${nchw(a)} and ${nchw(b)}; a 1×1 convolution can match them`, { a, b });
    return a;
  },

  forward(rec, { a, b, y }) {
    rec.dispatch(
      add_forward, { a, b, c: a, d: a, z: a, y },
      { size: y.size, WIDTH: rec.wide(y.size) }, byFours(y.size));
  },

  backward: "dy",
};

/**
 * a + b, of one shape, which the sum has: the residual connection of He et al. 2016. Throws an OptionError where one is
 * missing, a ShapeError where shapes differ.
 */
export function add(a: Value, b: Value): Value {
  checkValues("add", [a, b]);
  return a.graph.apply(layer, a, b);
}
