// What measures kernels and adapters, in a page as in Node. No training needs this.
export { bench, type BenchOptions, type BenchRow } from "./bench.js";
export { cases, type Case } from "./cases.js";
export { benchTable, legend } from "./report.js";
export * from "../profile/index.js";
