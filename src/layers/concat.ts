import { OptionError, ShapeError } from "../errors.js";
import { concat_backward, concat_forward } from "../generated/concat.js";
import type { Value } from "../graph.js";
import { elements, fold, tensor, type Grid, type Recorder, type Shape, type Tensor } from "../gpu/recorder.js";
import { inPlace } from "./concatInPlace.js";
import { checkValues, nchw, type Layer } from "./layer.js";

const AT_ONCE = 4;  // parts that one dispatch takes

/**
 * Channels side by side: [N, C₁, H, W], [N, C₂, H, W], … → [N, C₁ + C₂ + …, H, W]; of [N, features], features. Throws
 * an OptionError where there is no value, a ShapeError where more than channels differs.
 */
export function concat(...values: Value[]): Value {
  if (!values.length) throw new OptionError("concat takes at least one value");
  checkValues("concat", values);
  const inputs = values.map((_, i) => `x${i}`);

  /** What the kernels take, four parts at a time: their tensors, extents and grid. */
  function chunks(rec: Recorder, t: Record<string, Tensor>, whole: Tensor) {
    const K = whole.shape.at(-1)!, M = elements(whole.shape) / K;
    const channels = inputs.map((name) => t[name].shape.at(-1)!), WIDTH = rec.wide(...channels);
    const from = inputs.map((_, i) => i).filter((i) => i % AT_ONCE === 0);
    return from.map((first) => {
      const names = inputs.slice(first, first + AT_ONCE);
      const [C0, C1 = 0, C2 = 0, C3 = 0] = channels.slice(first, first + AT_ONCE);
      const [x, y] = fold(M * Math.max(C0, C1, C2, C3) / WIDTH / 4, concat_forward.overrides.WORKGROUP);
      const grid: Grid = [x, y, names.length];
      return {
        names, grid,
        d: { M, K, C0, C1, C2, C3, offset: channels.slice(0, first).reduce((a, b) => a + b, 0), WIDTH },
      };
    });
  }

  const layer: Layer<never, never, string> = {
    name: "concat",
    inputs,
    fusing: inPlace,

    shape(first: Shape, ...others: Shape[]) {
      const wrong = others.find((s) => s.length !== first.length
        || s.slice(0, -1).join() !== first.slice(0, -1).join());
      if (wrong) throw new ShapeError(
        `cannot put ${nchw(first)} and ${nchw(wrong)} side by side: only channels may differ`, { got: [first, wrong] });
      return [...first.slice(0, -1), [first, ...others].reduce((sum, s) => sum + s.at(-1)!, 0)];
    },

    forward(rec, { y, ...t }) {
      for (const { names: [x0, x1 = x0, x2 = x0, x3 = x0], d, grid } of chunks(rec, t, y))
        rec.dispatch(concat_forward, { x0: t[x0], x1: t[x1], x2: t[x2], x3: t[x3], y }, d, grid);
    },

    backward(rec, { dy, ...t }: Record<string, Tensor> & { dy: Tensor }) {
      for (const { names, d, grid } of chunks(rec, t, dy)) {
        const [dx0, dx1, dx2, dx3] = Array.from({ length: AT_ONCE }, (_, j) =>
          t[`d${names[j]}`] ?? tensor("unused", t[names[j]]?.shape ?? [4]));
        if (names.some((name) => t[`d${name}`]))
          rec.dispatch(concat_backward, { dy, z: dy, dx0, dx1, dx2, dx3 }, d, grid);
      }
    },
  };
  return values[0].graph.apply(layer, ...values);
}
