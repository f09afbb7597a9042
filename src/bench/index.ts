// What measures kernels and adapters, in a page as in Node. No training needs this.
export { bench, type BenchOptions, type BenchRow } from "./bench.js";
export { cases, conv as convolutionCase, hasText, layer as layerCase, type Case, type Recorded } from "./cases.js";
export { benchTable, legend } from "./report.js";
export { digits, share } from "../profile/table.js";
export type { TimeSource, Timing } from "../gpu/profiler.js";
export * from "../profile/index.js";
export type { Measured } from "../tune/measure.js";
export { tune, type TuneOptions } from "../tune/tune.js";
