import { batch_norm_fold_all } from "../generated/batch_norm_fold.js";
import { root, tensor, touched, type Fusing, type Home, type Step, type Tensor } from "../gpu/recorder.js";

const ALIGN = 64;       // elements, as in plan.ts
const NONE = 2 ** 32 - 1;

/**
 * Batch normalisations by running statistics, each into the convolution or linear layer in front of it where nobody else reads that one's
 * output: its kernel multiplies and adds two numbers a filter, which one dispatch makes for all of the network. Maths: shaders/batch_norm_fold.wgsl.
 */
function folded(steps: readonly Step[], home: Home): readonly Step[] {
  const reads = new Map<Tensor, number>(), made = new Map<Tensor, Step>(), changed = new Map<Step, Step | undefined>(), groups = new Map<string, Group>();
  for (const step of steps) {
    for (const t of touched(step, "read")) reads.set(t, (reads.get(t) ?? 0) + 1);
    for (const t of touched(step, "read_write")) made.set(t, step);
  }
  for (const step of steps.filter(({ kernel }) => kernel.entry === "batch_norm_evaluate")) {
    const { tensors: { x, y, weight, bias, known_mean, known_var }, params: { C, eps } } = step, before = made.get(root(x));
    if (!before || reads.get(root(x)) !== 1 || before.overrides.SCALED !== 0 || before.params.K !== C) continue;
    const [own, ...homes] = [before.overrides.BIAS ? before.tensors.bias : weight, weight, bias, known_mean, known_var].map(home);
    const [parameters, statistics] = [own?.whole, homes[2]?.whole];
    if (!parameters || !statistics || homes.some((h, i) => h?.whole !== (i < 2 ? parameters : statistics))) continue;
    const key = [parameters.name, statistics.name, eps].join(), group = groups.get(key) ?? { parameters, statistics, eps, rows: [], size: 0, folds: [] };
    groups.set(key, group);
    group.rows.push(...homes.map((h) => h!.offset), before.overrides.BIAS ? own!.offset : NONE, group.size, C);
    group.folds.push({ step, before, y, at: group.size });
    group.size += Math.ceil(2 * C / ALIGN) * ALIGN;
  }
  const all = [...groups.values()].map(({ parameters, statistics, eps, rows, size, folds }): Step => {
    const numbers = tensor("folded", [size]), table: Tensor = { ...tensor("segments", [folds.length, rows.length / folds.length]), values: Uint32Array.from(rows) };
    for (const { step, before, y, at } of folds) {
      const bias: Tensor = { ...tensor(`folded ${step.path}`, [2, before.params.K], numbers), offset: at };
      changed.set(step, undefined);
      changed.set(before, { ...before, tensors: { ...before.tensors, bias, y }, overrides: { ...before.overrides, SCALED: 1 } });
    }
    const most = Math.max(...folds.map(({ before }) => before.params.K));
    return { path: "batch norms", kernel: batch_norm_fold_all, tensors: { table, parameters, statistics, folded: numbers }, params: { eps }, overrides: batch_norm_fold_all.overrides, grid: [Math.ceil(most / batch_norm_fold_all.overrides.WORKGROUP), folds.length, 1] };
  });
  return [...all, ...steps.flatMap((step) => (changed.has(step) ? changed.get(step) : step) ?? [])];
}

/** Normalisations that can share a dispatch. */
interface Group { parameters: Tensor; statistics: Tensor; eps: number; rows: number[]; size: number; folds: { step: Step; before: Step; y: Tensor; at: number }[] }

export const folding: Fusing = { before: folded };
