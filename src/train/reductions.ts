import { reduce_all_sum } from "../generated/reduce_all.js";
import { reduce_sum } from "../generated/reduce.js";
import { align, fold, tensor, type Arena, type Step, type Tensor } from "../gpu/recorder.js";

const MOST = 2 ** 23;  // partial sums in one buffer, 32 MiB: they live until the last is there

/**
 * The second passes of all split weight gradients become one dispatch, of the same sums in the same order.
 * Maths: shaders/reduce_all.wgsl.
 */
export function together(steps: readonly Step[], gradients: readonly Arena[]): Step[] {
  const result: (Step | undefined)[] = [...steps];
  for (const { whole, parts } of gradients) {
    let group: number[] = [], size = 0;
    steps.forEach(({ kernel, tensors: t, overrides }, i) => {
      if (kernel.entry !== reduce_sum.entry || !parts.has(t.dweight) || (overrides.BIAS && !parts.has(t.dbias))) return;
      const more = summed(steps[i]).reduce((sum, { from }) => sum + align(from.size), 0);
      if (size + more > MOST) { merge(group); group = []; size = 0; }
      group.push(i);
      size += more;
    });
    merge(group);

    function merge(group: readonly number[]): void {
      if (group.length < 2) return;
      const at = group.at(-1)!, all = group.flatMap((i) => summed(steps[i]));
      const rows: number[] = [], views = new Map<Tensor, Tensor>();
      const partial = tensor("partials", [all.reduce((sum, { from }) => sum + align(from.size), 0)]);
      let first = 0, offset = 0;
      for (const { from, to } of all) {
        views.set(from, { ...from, of: partial, offset });
        rows.push(first, offset, parts.get(to)!, to.size, from.size / to.size);
        first += Math.ceil(to.size / reduce_all_sum.overrides.WORKGROUP);
        offset += align(from.size);
      }
      const table: Tensor = { ...tensor("segments", [all.length, 5]), values: Uint32Array.from(rows) };
      for (const i of group) result[i] = undefined;
      result.forEach((step, i) => {
        if (step && Object.values(step.tensors).some((t) => views.has(t))) result[i] = {
          ...step,
          tensors: Object.fromEntries(Object.entries(step.tensors).map(([name, t]) => [name, views.get(t) ?? t])),
        };
      });
      result[at] = {
        path: "weight gradients", kernel: reduce_all_sum, tensors: { table, partial, gradient: whole },
        params: { segments: all.length }, overrides: reduce_all_sum.overrides, grid: fold(first, 1),
      };
    }
  }
  return result.filter((step) => step !== undefined);
}

/** What a second pass sums, and into what. */
const summed = ({ tensors: { partial, partial_bias, dweight, dbias }, overrides: { BIAS } }: Step) =>
  [{ from: partial, to: dweight }, ...BIAS ? [{ from: partial_bias, to: dbias }] : []];
