import { ShapeError } from "../errors.js";
import { concat_backward, concat_forward } from "../generated/concat.js";
import type { Value } from "../graph.js";
import { elements, type Shape, type Tensor } from "../gpu/recorder.js";
import { nchw, type Layer } from "./layer.js";

/** [N, C₁, H, W], [N, C₂, H, W], … → [N, C₁ + C₂ + …, H, W]. */
export function concat(...values: Value[]): Value {
  const inputs = values.map((_, i) => `x${i}`);
  const parts = (t: Record<string, Tensor>) => {
    let offset = 0;
    return inputs.map((name) => {
      const C = t[name].shape.at(-1)!, part = { name, t: t[name], d: { M: elements(t[name].shape) / C, C, offset } };
      offset += C;
      return part;
    });
  };
  const layer: Layer<never, never, string> = {
    name: "concat",
    inputs,

    shape(first: Shape, ...others: Shape[]) {
      const wrong = others.find((s) => s.length !== first.length || s.slice(0, -1).join() !== first.slice(0, -1).join());
      if (wrong) throw new ShapeError(`cannot put ${nchw(first)} and ${nchw(wrong)} side by side: only channels may differ`, { got: [first, wrong] });
      return [...first.slice(0, -1), [first, ...others].reduce((sum, s) => sum + s.at(-1)!, 0)];
    },

    forward(rec, t) {
      for (const { t: x, d } of parts(t)) rec.dispatch(concat_forward, { x, y: t.y }, { ...d, K: t.y.shape.at(-1)! }, x.size);
    },

    backward(rec, { dy, ...t }: Record<string, Tensor> & { dy: Tensor }) {
      for (const { name, t: x, d } of parts(t)) {
        const dx: Tensor | undefined = t[`d${name}`];
        if (dx) rec.dispatch(concat_backward, { dy, dx }, { ...d, K: dy.shape.at(-1)! }, x.size);
      }
    },
  };
  return values[0].graph.apply(layer, ...values);
}
