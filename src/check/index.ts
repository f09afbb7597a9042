// convoy-gpu/check: is a layer right? For authors of layers.
export type { AnyLayer } from "../graph.js";
export { checkBounds } from "./bounds.js";
export { check, isLayer, matchers } from "./check.js";
export { checkEnds } from "./ends.js";
export { checkGradients, compare, type CompareOptions, type GradientOptions, type Reference } from "./gradients.js";
export { checkModes } from "./modes.js";
export type { CheckOptions } from "./probe.js";
export { checkRaces } from "./races.js";
export type { Finding, Report } from "./report.js";
export { watch, type Watched } from "./watch.js";
