// The layers of ops.json from PyTorch's options, and both passes of one recorded.
import { targetOf, type Device } from "../../src/gpu/device.js";
import { Recorder, type Step } from "../../src/gpu/recorder.js";
import { Graph, type Part, type Value } from "../../src/graph.js";
import {
  adaptiveAvgPool2d, add, avgPool2d, batchNorm, concat, conv2d, depthwiseConv2d, flatten, gelu, leakyRelu, linear,
  localResponseNorm, maxPool2d, relu, sigmoid, tanh,
} from "../../src/index.js";
import type { Attrs, Case } from "./cases.js";
import { toShape } from "./compare.js";

const part = (p: Part) => (x: Value) => typeof p === "function" ? p(x) : x.graph.apply(p, x);
/** Operators of values, from PyTorch's options. */
export const layers: Record<string, (attrs: Attrs) => (...inputs: Value[]) => Value> = {
  conv2d: ({ outChannels: filters, kernelSize: kernel, groups, ...rest }) => (x) => part(
    groups > 1 && groups === filters && groups === x.shape.at(-1)
      ? depthwiseConv2d({ kernel, ...rest })
      : conv2d({ filters, kernel, groups, ...rest }),
  )(x),
  maxPool2d: ({ kernelSize: kernel, ...rest }) => part(maxPool2d({ kernel, ...rest })),
  avgPool2d: ({ kernelSize: kernel, ...rest }) => part(avgPool2d({ kernel, ...rest })),
  linear: ({ outFeatures: units, bias }) => part(linear({ units, bias })),
  relu: () => part(relu()), sigmoid: () => part(sigmoid()), tanh: () => part(tanh()), gelu: () => part(gelu()),
  leakyRelu: ({ negativeSlope }) => part(leakyRelu({ negativeSlope })),
  localResponseNorm: ({ size, alpha, beta, k }) => part(localResponseNorm({ size, alpha, beta, k })),
  flatten: () => part(flatten()), add: () => add, concat: () => concat,
  adaptiveAvgPool2d: ({ outputSize: size }) => part(adaptiveAvgPool2d({ size })),
  batchNorm: ({ eps, momentum }) => part(batchNorm({ eps, momentum })),
};

/** A layer's two passes, and what goes in and comes out. */
export function recorded(c: Case, device: Device, rung?: string) {
  const graph = new Graph(), rec = new Recorder({ ...targetOf(device.adapter), rung });
  const mode = { training: c.attrs.training ?? true };
  const names = Object.keys(c.inputs).filter((name) => name !== "weight" && name !== "bias");
  const inputs = names.map((name) => graph.input(name, toShape(c.inputs[name].shape), true));
  const y = layers[c.op](c.attrs)(...inputs), dy = graph.tensor("dy", y.shape);
  graph.grads.set(y, dy);
  graph.forward(rec, mode);
  graph.backward(rec, mode);
  return { graph, rec, inputs, y, dy };
}

/** The names of all rungs that fit some of these steps. */
export const rungsOf = (steps: readonly Step[]): string[] => [...new Set(steps.flatMap((step) => step.rungs ?? []))];
