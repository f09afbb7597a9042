// What PyTorch calls our layers, and the top-level layers of a network as PyTorch would list them.
import type { Node } from "../../src/graph.js";
import { nchw } from "../../src/layers/layer.js";

const kinds: Readonly<Record<string, readonly string[]>> = {
  conv2d: ["Conv2d"], linear: ["Linear"], flatten: ["Flatten"], dropout: ["Dropout"],
  relu: ["ReLU"], sigmoid: ["Sigmoid"], tanh: ["Tanh"],
  maxPool2d: ["MaxPool2d"], avgPool2d: ["AvgPool2d"],
  globalAvgPool2d: ["AdaptiveAvgPool2d"], adaptiveAvgPool2d: ["AdaptiveAvgPool2d"],
  localResponseNorm: ["LocalResponseNorm"],
  batchNorm: ["BatchNorm1d", "BatchNorm2d"], batchNorm1d: ["BatchNorm1d"], batchNorm2d: ["BatchNorm2d"],
};
const leaves = new Set(Object.values(kinds).flat());

/**
 * "Conv2d [8, 6, 28, 28]" for each top-level layer. Where one of ours may be called in two ways, or is a block
 * whose name only PyTorch has, `want` decides.
 */
export function layers(
  nodes: readonly Node[], want: readonly (readonly [kind: string, shape: readonly number[]])[],
): string[] {
  const last = new Map<string, Node>();
  for (const node of nodes) last.set(node.path.split(".")[0], node);
  return [...last].map(([name, { path, layer, y }], i) => {
    const wanted = want[i]?.[0], block = path !== name, own = kinds[layer.name] ?? [layer.name];
    const kind = block ? wanted && !leaves.has(wanted) ? wanted : "a block" : own.includes(wanted) ? wanted : own[0];
    return `${kind} ${nchw(y.shape)}`;
  });
}
