// What the page and its worker tell one another.
import type { Adapter } from "convoy-gpu";
import type { BenchRow, Roofline } from "convoy-gpu/bench";
import type { Finding } from "convoy-gpu/check";
import type { Planes } from "../shared/protocol.js";
import type { Place } from "./layer.js";

/** What is asked for: values and bounds, gradients, races and bounds, times, a short training. */
export const actions = {
  run: "Run", gradients: "Check gradients", races: "Check races", bench: "Benchmark", train: "Train LeNet",
} as const;
export type Action = keyof typeof actions;

export interface Draft { readonly shader: string; readonly code: string }
export type ToWorker = Draft & { readonly action: Action };

/** A tensor as planes: the first image's channels. */
export interface Shown { readonly name: string; readonly shape: readonly number[]; readonly planes: Planes }

export type FromWorker =
  | { readonly type: "adapter"; readonly adapter: Adapter }
  | {
    readonly type: "values";
    readonly name: string;
    readonly tensors: readonly Shown[];
    readonly kernels: readonly string[];
  }
  | {
    readonly type: "checked";
    readonly action: Action;
    readonly looked: readonly string[];
    readonly findings: readonly Finding[];
    readonly hints: readonly Finding[];
    readonly places: readonly Place[];
    readonly errors: readonly Shown[];
  }
  | {
    readonly type: "benched";
    readonly rows: readonly BenchRow[];
    readonly roofline: Roofline;
    readonly macs?: readonly [number, number];
  }
  | { readonly type: "trained"; readonly losses: readonly number[]; readonly epoch: number; readonly test?: number }
  | { readonly type: "logged"; readonly level: string; readonly text: string }
  | { readonly type: "done" }
  | { readonly type: "failed"; readonly message: string; readonly code: string; readonly places: readonly Place[] };
