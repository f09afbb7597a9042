// What the page and its worker tell one another.
import type { Adapter } from "convoy-gpu";
import type { BenchRow, Profile, Roofline } from "convoy-gpu/bench";
import type { Choice } from "./choice.js";

/** A profile that can be sent and kept: its table is text. */
export type Profiled = Omit<Profile, "toString"> & { readonly network: string; readonly text: string };

export type ToWorker =
  /** Open a device. Answered by "adapter" or "failed". */
  | { readonly type: "open" }
  /** Measure what is chosen; the adapter too, unless its roofline is known. Answered by all that follow, and "done". */
  | { readonly type: "measure"; readonly choice: Choice; readonly roofline?: Roofline };

export type FromWorker =
  | { readonly type: "adapter"; readonly adapter: Adapter }
  | { readonly type: "roofline"; readonly roofline: Roofline }
  /** What is being measured now, the how-manieth of how many. */
  | { readonly type: "at"; readonly what: string; readonly index: number; readonly of: number }
  | { readonly type: "rows"; readonly rows: readonly BenchRow[] }
  | { readonly type: "profile"; readonly profile: Profiled }
  /** It cannot be measured here; the rest goes on. */
  | { readonly type: "skipped"; readonly what: string; readonly message: string }
  | { readonly type: "done" }
  /** `code` is a ConvoyError's. */
  | { readonly type: "failed"; readonly code: string; readonly message: string };
