// Numbers for tests: a generator that PyTorch's side shares, and the order of axes.
// Imports nothing, so that it runs anywhere.
type Numbers = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/** n numbers in [−1, 1), exact in f32: the generator of the golden vectors. */
export function random(seed: number, n: number): Float64Array<ArrayBuffer> {
  return Float64Array.from({ length: n }, (_, i) => {
    let h = (Math.imul(i, 0x9E3779B1) + Math.imul(seed, 0x85EBCA77)) | 0;
    h ^= h >>> 16; h = Math.imul(h, 0x85EBCA6B); h ^= h >>> 13; h = Math.imul(h, 0xC2B2AE35); h ^= h >>> 16;
    return (h >>> 8) / 2 ** 23 - 1;
  });
}

/** The same tensor with its axes in another order: axis i of the result is axis order[i] of the argument. */
export function permuted<T extends Numbers>(values: T, shape: readonly number[], order: readonly number[]): T {
  const strides = shape.map((_, a) => shape.slice(a + 1).reduce((p, e) => p * e, 1)), result = values.slice() as T;
  for (let i = 0; i < result.length; i++) {
    let from = 0, rest = i;
    for (const axis of order.toReversed()) {
      from += rest % shape[axis] * strides[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    result[i] = values[from];
  }
  return result;
}

/** The order of axes that undoes this one. */
export const inverse = (order: readonly number[]): number[] => order.map((_, axis) => order.indexOf(axis));

/** The largest absolute value. */
export const largest = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((a, v) => Math.max(a, Math.abs(v)), 0);
