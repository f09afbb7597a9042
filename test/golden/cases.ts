// What a file of operators (ops.json) holds: PyTorch's options, inputs and answers.
import type { Input } from "./compare.js";

type Size = [height: number, width: number];
/** PyTorch's options; each operator has its own of them. */
export interface Attrs {
  outChannels: number; outFeatures: number; kernelSize: Size; stride: Size; padding: Size; dilation: Size;
  groups: number; bias: boolean; ceilMode: boolean; countIncludePad: boolean; outputSize: Size;
  eps: number; training: boolean; labelSmoothing: number; negativeSlope: number;
  size: number; alpha: number; beta: number; k: number;
  lr: number; momentum: number; weightDecay: number; nesterov: boolean;
}
export interface Case {
  name: string; op: string; attrs: Attrs; inputs: Record<string, Input>;
  output: number[]; outputShape: number[]; outputGrad?: Input; inputGrads?: Record<string, number[]>;
  runningMean?: Input; runningVar?: Input; runningMeanAfter?: number[]; runningVarAfter?: number[];
  labels?: number[]; param?: Input; grads?: Input[]; trajectory?: number[][];
}
export interface OpsFile { torch: string; cases: Case[] }
