import type { Shape } from "../gpu/recorder.js";
import type { AnyLayer } from "../graph.js";
import { checkBounds } from "./bounds.js";
import { checkEnds } from "./ends.js";
import { checkGradients, compare, type GradientOptions } from "./gradients.js";
import { checkModes } from "./modes.js";
import { checkRaces } from "./races.js";
import { joined, type Report } from "./report.js";

/**
 * All checks of a layer, in one report: loops that end (if one does not, no other check runs), recordings in evaluation
 * and without some gradients, bounds, races, y where there is a reference, gradients. Without a reference, nothing says
 * what y should be.
 */
export async function check(layer: AnyLayer, shapes: readonly Shape[], options: GradientOptions): Promise<Report> {
  const ends = await checkEnds(layer, shapes, options);
  if (!ends.ok) return ends;
  const reports = [
    ends, checkModes(layer, shapes, options),
    await checkBounds(layer, shapes, options), await checkRaces(layer, shapes, options),
  ];
  if (options.reference)
    reports.push(await compare(layer, options.reference, shapes, { ...options, tolerance: undefined }));
  return joined([...reports, await checkGradients(layer, shapes, options)]);
}

/**
 * For vitest and jest: `expect.extend(matchers)`, then `expect(await check(layer, shapes, { device })).toBeSound()`.
 */
export const matchers = {
  /** Passes where the report has no findings. */
  toBeSound(report: Report): {
    pass: boolean;
    /** What a test that fails says. */
    message(): string;
  } {
    return {
      pass: report.ok,
      message: () => report.ok
        ? `expected faults in ${report.layer}, but there are none:\n${report}`
        : String(report),
    };
  },
};

/** Whether a value, such as what a module exports, is a layer. */
export const isLayer = (value: unknown): value is AnyLayer =>
  typeof value === "object" && value !== null && "name" in value
  && "shape" in value && "forward" in value
  && typeof value.shape === "function" && typeof value.forward === "function";
