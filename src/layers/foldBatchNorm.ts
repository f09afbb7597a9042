import { batch_norm_fold_all } from "../generated/batch_norm_fold.js";
import {
  align, replaced, root, tensor, touched, type Arena, type Fusing, type Step, type Tensor,
} from "../gpu/recorder.js";

const NONE = 2 ** 32 - 1;

/**
 * Batch normalisations by running statistics, each into the convolution or linear layer in front of it where nobody
 * else reads that one's output: its kernel multiplies and adds two numbers a filter, which one dispatch makes for all
 * of the network. Maths: shaders/batch_norm_fold.wgsl.
 */
function folded(steps: readonly Step[], lasting: readonly Arena[]): readonly Step[] {
  const reads = new Map<Tensor, number>(), made = new Map<Tensor, Step>();
  const changed = new Map<Step, Step | undefined>(), groups = new Map<string, Group>();
  for (const step of steps) {
    for (const t of touched(step, "read")) reads.set(t, (reads.get(t) ?? 0) + 1);
    for (const t of touched(step, "read_write")) made.set(t, step);
  }
  for (const step of steps.filter(({ kernel }) => kernel.entry === "batch_norm_evaluate")) {
    const { tensors: { x, y, weight, bias, known_mean, known_var }, params: { C, eps } } = step;
    const before = made.get(root(x));
    if (!before || reads.get(root(x)) !== 1 || before.overrides.SCALED !== 0 || before.params.K !== C) continue;
    const learned = [weight, bias, ...before.overrides.BIAS ? [before.tensors.bias] : []];
    const holds = (all: Tensor[]) => lasting.find(({ parts }) => all.every((t) => parts.has(t)));
    const parameters = holds(learned), statistics = holds([known_mean, known_var]);
    if (!parameters || !statistics) continue;
    const key = [parameters.whole.name, statistics.whole.name, eps].join();
    const group = groups.get(key)
      ?? { parameters: parameters.whole, statistics: statistics.whole, eps, rows: [], size: 0, folds: [] };
    groups.set(key, group);
    const [from, shift, own = NONE] = learned.map((t) => parameters.parts.get(t)!);
    group.rows.push(from, shift, ...[known_mean, known_var].map((t) => statistics.parts.get(t)!), own, group.size, C);
    group.folds.push({ step, before, y, at: group.size });
    group.size += align(2 * C);
  }
  const all = [...groups.values()].map(({ parameters, statistics, eps, rows, size, folds }): Step => {
    const numbers = tensor("folded", [size]), segments = [folds.length, rows.length / folds.length];
    const table: Tensor = { ...tensor("segments", segments), values: Uint32Array.from(rows) };
    for (const { step, before, y, at } of folds) {
      const bias: Tensor = { ...tensor(`folded ${step.path}`, [2, before.params.K], numbers), offset: at };
      changed.set(step, undefined);
      changed.set(before, {
        ...before, tensors: { ...before.tensors, bias, y }, overrides: { ...before.overrides, SCALED: 1 },
      });
    }
    const most = Math.max(...folds.map(({ before }) => before.params.K));
    return {
      path: "batch norms", kernel: batch_norm_fold_all,
      tensors: { table, parameters, statistics, folded: numbers },
      params: { eps }, overrides: batch_norm_fold_all.overrides,
      grid: [Math.ceil(most / batch_norm_fold_all.overrides.WORKGROUP), folds.length, 1],
    };
  });
  return [...all, ...replaced(steps, changed)];
}

/** Normalisations that can share a dispatch. */
interface Group {
  parameters: Tensor; statistics: Tensor; eps: number; rows: number[]; size: number;
  folds: { step: Step; before: Step; y: Tensor; at: number }[];
}

export const folding: Fusing = { before: folded };
