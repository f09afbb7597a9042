// What a page and its worker tell one another.
import type { Adapter, Progress, Summary } from "convoy-gpu";
import type { DataFacts } from "./data.js";
import type { PresetName, Settings } from "./family.js";
import type { Histogram } from "./histogram.js";
import type { Judgement } from "./judge.js";
import type { Kept } from "./vault.js";

/** [C, H, W] of an image. */
export type ImageShape = readonly [C: number, H: number, W: number];

/** A worker's own end of what it and its page say. */
export interface Port<In, Out> {
  postMessage(message: Out, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent<In>) => void) | null;
}

/** Starts a worker. `receive` hears what it says, `broke` what no worker can say itself. */
export function startWorker<Out>(script: URL, receive: (message: Out) => void, broke: (why: string) => void): Worker {
  const worker = new Worker(script, { type: "module" });
  worker.onmessage = ({ data }: MessageEvent<Out>) => { receive(data); };
  worker.onerror = ({ message }) => { broke(message || "the worker's script did not load"); };
  return worker;
}

/** What an error says. */
export const textOf = (error: unknown) => error instanceof Error ? error.message : String(error);

/**
 * Where a run comes from. "device": from the last snapshot, if there is one, on a new device; "on": from the present
 * run, which goes on with as many epochs as the settings say.
 */
export type From = "device" | "vault" | "on" | { readonly name: string; readonly file: Uint8Array<ArrayBuffer> };

export type ToWorker =
  /** Open a device. Answered by "adapter" or "failed". */
  | { readonly type: "open" }
  /** Say what the network is, without a device. Answered by "network". */
  | { readonly type: "describe"; readonly settings: Settings }
  /**
   * Begin a run, paused: a new one that is called `run`; or, by `from`, the one that a snapshot, the browser's files or
   * a file hold.
   */
  | { readonly type: "start"; readonly settings: Settings; readonly run: number; readonly from?: From }
  /**
   * Train on a data set out of these files, each by its path as its name; none: on Fashion-MNIST. Answered by "data" or
   * "refused".
   */
  | { readonly type: "data"; readonly files: readonly File[]; readonly settings: Settings }
  /** Forget what the browser's files hold. */
  | { readonly type: "discard" }
  | { readonly type: "train" | "pause" | "step" }
  /** The run as a file: answered by "saved". */
  | { readonly type: "save"; readonly optimizer: boolean }
  | { readonly type: "rate"; readonly value: number }
  /** Which test image's feature maps to send, and of which layer. */
  | { readonly type: "look"; readonly image: number; readonly layer: number }
  /** The visitor's own image, bytes [C, H, W]; its probabilities come with every "seen". */
  | { readonly type: "own"; readonly pixels?: Uint8Array };

/** An image as bytes, channels last. */
export interface Picture { readonly pixels: Uint8Array; readonly label: number }

/** Values [count, height, width]: filters, or feature maps; the first of so many. */
export interface Planes {
  readonly data: Float32Array;
  readonly shape: readonly [count: number, height: number, width: number];
  readonly of: number;
}

/**
 * One layer after so many steps: what it makes of the chosen image, its weights, and how these values and the weights'
 * last gradients are spread.
 */
export interface Inside {
  readonly layer: number;
  readonly step: number;
  readonly maps: Planes;
  readonly weights?: Planes;
  readonly spread: { readonly outputs: Histogram; readonly weights?: Histogram; readonly gradients?: Histogram };
}

export interface Seen {
  readonly type: "seen";
  readonly predictions: readonly { readonly label: number; readonly probability: number }[];
  readonly inside?: Inside;
  readonly own?: Float32Array;
}

/** A summary that can be sent: without its method. */
export type Description = Omit<Summary, "toString">;

/** All that a training takes, in bytes; the data set apart. */
export const together = ({ parameters, gradients, optimizer, activations: { slots } }: Description["memory"]) =>
  parameters + gradients + optimizer + slots;

/** What a preset takes together, and the largest tensor that an adapter must bind for it. */
export interface PresetPlan { readonly name: PresetName; readonly bytes: number; readonly largest: number }

/** A checkpoint is larger than is kept, another tab keeps its own run, or the browser keeps no files. */
export type Unkept = "too large" | "other tab" | "no files";

export type FromWorker =
  | { readonly type: "adapter"; readonly adapter: Adapter }
  /** The first message, without being asked, and after "data". */
  | { readonly type: "presets"; readonly plans: readonly PresetPlan[] }
  /** `input`: of an image as the network sees it. */
  | { readonly type: "network"; readonly network: Description; readonly input: readonly number[] }
  /** What is trained on from here on. */
  | { readonly type: "data"; readonly data: DataFacts }
  /** Files are no data set for this network; that in use stays. */
  | { readonly type: "refused"; readonly message: string }
  /** A file is no checkpoint for this network; the run that is there goes on. */
  | { readonly type: "unread"; readonly message: string }
  /** All from here on are of the run `run`, which begins after `from` steps; one that was kept brings its settings. */
  | { readonly type: "preparing"; readonly from: number; readonly settings?: Settings; readonly run: number }
  /** What the browser's files hold from an earlier visit. */
  | { readonly type: "found"; readonly kept: Kept }
  /** The run was kept in the browser's files; or why it was not. */
  | { readonly type: "kept"; readonly step: number; readonly unkept?: Unkept; readonly bytes: number }
  | {
    readonly type: "ready";
    readonly steps: number;
    readonly classes: readonly string[];
    readonly shape: ImageShape;
    readonly pictures: readonly Picture[];
    readonly trained: number;
    readonly tested: number;
  }
  /** `total`: steps of the run so far, over all epochs. */
  | { readonly type: "progress"; readonly progress: Progress; readonly total: number }
  | { readonly type: "finished" }
  | Seen
  | { readonly type: "judged"; readonly step: number; readonly judgement: Judgement }
  | { readonly type: "saved"; readonly file: Uint8Array<ArrayBuffer>; readonly optimizer: boolean }
  /** `code` is a ConvoyError's; `snapshot` the step that a restart would go on from. */
  | { readonly type: "failed"; readonly code: string; readonly message: string; readonly snapshot?: number };
