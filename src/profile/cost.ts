import { root, type Step, type Tensor } from "../gpu/recorder.js";

/** What a step is part of; "backward" is what makes the gradients of an input and of weights at once. */
export const passes = ["forward", "input gradient", "weight gradient", "backward", "update"] as const;
/** Which part of a training step a dispatch belongs to. */
export type Pass = typeof passes[number];

/** The pass a step belongs to, by the names of what it binds: a gradient's name is its tensor's with a d in front. */
export function passOf(step: Step): Pass {
  const { kernel, tensors } = step;
  if (joint(step)) return "backward";
  if (/^(accumulate|reduce)/.test(kernel.entry)) return "weight gradient";
  const names = Object.keys(kernel.bindings);
  const written = names.filter((name) => kernel.bindings[name][1] === "read_write");
  const updates = names.some((name) => name === "dparam" || name === "clipped");
  if (updates || /^clip/.test(kernel.entry)) return "update";
  const weights = (name: string) => /^(dweight|dbias|partial_bias)$/.test(name) && tensors[name].name !== "unused";
  if (written.some(weights)) return "weight gradient";
  if (names.includes("labels")) return "forward";  // a loss makes its own gradient; the batch's gather has labels too
  if (written.some((name) => name === "dx" || /^d (.*\.)?[xy]$/.test(tensors[name].name))) return "input gradient";
  if (written.some((name) => tensors[name].name.startsWith("d "))) return "weight gradient";  // a layer's own names
  return names.includes("dy") ? "weight gradient" : "forward";
}

/** Whether a step makes the gradients of an input and of weights at once. */
export const joint = ({ tensors: { dx, dweight } }: Step): boolean =>
  [dx, dweight].every((t) => t && t.name !== "unused");

/**
 * Multiply-adds a step must do at least; 0 where multiplying matrices is not what it is for.
 * Taps that fall on padding count.
 */
export function macs(
  { kernel: { entry }, tensors, params: { N, H, W, C, D = C, P, Q, K, R, S }, overrides: { TURNED } }: Step,
): number {
  // A turned depthwise convolution makes dx, P × Q, of dy, H × W.
  if (entry.startsWith("conv2d")) return N * (TURNED ? H * W : P * Q) * K * R * S * D;
  if (/^linear.*_backward/.test(entry)) {
    return N * C * K * (Number(tensors.dx.name !== "unused") + Number(tensors.dweight.name !== "unused"));
  }
  return entry.startsWith("linear") ? N * C * K : 0;
}

/** The part of a bound tensor that is this step's channels of its rows, and pixels of x that its windows see. */
function share(name: string, { K, C, H, W, P, Q, R, S, ...params }: Step["params"]): number {
  const seen = name === "x" && P * Q * R * S ? Math.min(1, P * R / H) * Math.min(1, Q * S / W) : 1;
  return `${name}_pitch` in params ? seen * (/y$/.test(name) ? K : C) / params[`${name}_pitch`] : seen;
}

/** Bytes a step must move at least: each tensor that it binds, once; of those it only touches in part, the part. */
export function bytes({ kernel: { entry, bindings }, tensors, params, overrides }: Step): number {
  const size = (t: Tensor) => 4 * t.size;
  if (/^batch_(augment_)?gather$/.test(entry)) {
    const gathered = params.N * (params.H * params.W * params.C + 1);
    return gathered + size(tensors.order) + size(tensors.x) + size(tensors.labels);
  }
  if (entry.startsWith("reduce_all")) {  // not all gradients
    const reduced = tensors.table.values!.reduce((sum, v, i) => sum + (i % 5 === 3 ? v : 0), 0);
    return size(tensors.table) + size(tensors.partial) + 4 * reduced;
  }
  if (entry.startsWith("concat")) {
    return (overrides.SLOPE ? 3 : 2) * 4 * params.M * (params.C0 + params.C1 + params.C2 + params.C3);
  }
  const bound = new Map<Tensor, number>();  // stand-ins share a tensor with what is read
  for (const name of Object.keys(bindings)) {
    const t = tensors[name], key = t.offset === undefined ? root(t) : t;
    bound.set(key, Math.min(size(t) * share(name, params), bound.get(key) ?? Infinity));
  }
  return [...bound.values()].reduce((sum, n) => sum + n, 0);
}
