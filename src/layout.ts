import type { Parameter } from "./graph.js";
import { elements, type Shape } from "./gpu/recorder.js";

type Numbers = Float32Array<ArrayBuffer>;

/**
 * The axes of a parameter in memory, an axis that runs over
 * flattened features taken apart, and PyTorch's order of them.
 */
function axes({ spec, features }: Pick<Parameter, "spec" | "features">): { here: number[]; order: number[] } {
  const here: number[] = [];
  const parts: number[][] = [];  // parts[axis of memory] = numbers of the axes it is made of, in PyTorch's order
  spec.shape.forEach((extent, axis) => {
    const split = axis === spec.features && features ? features : [extent], first = here.length;
    here.push(...split);
    // H, W, C → C, H, W
    parts.push(split.length === 3 ? [first + 2, first, first + 1] : split.map((_, i) => first + i));
  });
  const torch = spec.torch ?? spec.shape.map((_, i) => i), order: number[][] = [];
  torch.forEach((axis, i) => { order[axis] = parts[i]; });
  return { here, order: order.flat() };
}

/** The extents of a parameter in PyTorch's order: OIHW, [out, in]. */
export function torchShape({ spec }: Pick<Parameter, "spec">): number[] {
  const shape: number[] = [];
  spec.shape.forEach((extent, i) => { shape[spec.torch?.[i] ?? i] = extent; });
  return shape;
}

/** A parameter's values in PyTorch's order. */
export function toTorch(parameter: Pick<Parameter, "spec" | "features">, values: Numbers): Numbers {
  const { here, order } = axes(parameter);
  return permute(values, here, order);
}

/** A parameter's values in memory, from PyTorch's order. */
export function fromTorch(parameter: Pick<Parameter, "spec" | "features">, values: Numbers): Numbers {
  const { here, order } = axes(parameter), back = order.map((_, i) => order.indexOf(i));
  return permute(values, order.map((axis) => here[axis]), back);
}

/** Activations [N, H, W, C] → [N, C, H, W]; flattened features likewise. */
export function toNchw(values: Numbers, shape: Shape, features?: Shape): Numbers {
  const full = shape.length === 4 ? shape : features && [shape[0], ...features];
  return full ? permute(values, full, [0, 3, 1, 2]) : values;
}

/** Images [N, C, H, W] → [N, H, W, C]; `shape` is theirs, with channels last. */
export function toNhwc(values: Numbers, [N, H, W, C]: Shape): Numbers {
  return permute(values, [N, C, H, W], [0, 2, 3, 1]);
}

/** The same tensor with its axes in another order: axis i of the result is axis order[i] of the argument. */
function permute(values: Numbers, shape: Shape, order: readonly number[]): Numbers {
  if (order.every((axis, i) => axis === i)) return values;
  const strides = shape.map((_, axis) => elements(shape.slice(axis + 1)));
  const extents = order.map((axis) => shape[axis]), steps = order.map((axis) => strides[axis]);
  const result = new Float32Array(values.length), at = order.map(() => 0);
  for (let i = 0, from = 0; i < result.length; i++) {
    result[i] = values[from];
    for (let axis = order.length - 1; axis >= 0; axis--) {  // count up, the last axis fastest
      from += steps[axis];
      if (++at[axis] < extents[axis]) break;
      from -= steps[axis] * extents[axis];
      at[axis] = 0;
    }
  }
  return result;
}
