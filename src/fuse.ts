import type { Step, Tensor } from "./gpu/recorder.js";

const root = (t: Tensor): Tensor => t.of ? root(t.of) : t;

/**
 * Neighbouring steps that become one kernel: an activation goes into the epilogue of the kernel that makes its input, where
 * that kernel has an ACTIVATION override and nobody else reads its output. The arithmetic is the same, to the bit.
 */
export function fuse(steps: readonly Step[]): Step[] {
  const readers = new Map<Tensor, number>(), fused: Step[] = [], made = new Map<Tensor, number>();
  for (const { kernel, tensors } of steps) for (const [name, [, access]] of Object.entries(kernel.bindings))
    if (access === "read") readers.set(root(tensors[name]), (readers.get(root(tensors[name])) ?? 0) + 1);
  for (const step of steps) {
    const x = step.kernel.entry === "activation_forward" ? root(step.tensors.x) : undefined, at = x && made.get(x), before = at === undefined ? undefined : fused[at];
    if (x && before && readers.get(x) === 1 && before.overrides.ACTIVATION === 0 && before.kernel.entry !== "activation_forward") {
      const { ACTIVATION, ALPHA, THRESHOLD } = step.overrides;
      fused[at!] = { ...before, tensors: { ...before.tensors, y: step.tensors.y }, overrides: { ...before.overrides, ACTIVATION, ALPHA, THRESHOLD } };
      made.set(root(step.tensors.y), at!);
      continue;
    }
    if (step.tensors.y) made.set(root(step.tensors.y), fused.length);
    fused.push(step);
  }
  return fused;
}
