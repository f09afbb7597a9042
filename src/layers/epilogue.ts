import type { Tensor } from "../gpu/recorder.js";

/**
 * What a kernel with an epilogue is told as long as fuse.ts has put nothing there:
 * its output ends with the filters, and dy likewise.
 */
export const kernelDefaults = ({ C, K }: { C: number; K: number }) => ({
  ...noActivation, ...noDropout, CHANNELS: C <= 6 ? 6 : C <= 8 ? 8 : 16, FILTERS: K <= 6 ? 6 : 8,
  y_pitch: K, y_offset: 0, dy_pitch: K, dy_offset: 0, span: 0, size: 0,
});
/** No activation, nor its slope. */
export const noActivation = { ACTIVATION: 0, ALPHA: 1, THRESHOLD: 0 };
/** No dropout behind a kernel. */
export const noDropout = { stream: 0, threshold: 0, scale: 1 };

/** Binds the epilogue's inputs to a stand-in until fuse.ts binds real ones. */
export const forwardEpilogue = <T extends { x: Tensor }>(t: T) => ({ ...t, addend: t.x, clock: t.x });
/** Likewise, of an input gradient. */
export const backwardEpilogue = <T extends { dy: Tensor }>(t: T) => ({ ...t, addend: t.dy, z: t.dy });
