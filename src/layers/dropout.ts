import { ConvoyError, OptionError } from "../errors.js";
import { activation_forward } from "../generated/activation.js";
import { dropout_backward, dropout_forward } from "../generated/dropout.js";
import {
  byFours, replaced, root, touched, type Fusing, type Recorder, type Step, type Tensor,
} from "../gpu/recorder.js";
import { known } from "../options.js";
import type { Layer, Mode } from "./layer.js";

/** What dropout() takes. */
export interface DropoutOptions {
  /** Share of elements that are zeroed, in [0, 1). Default 0.5. */
  p?: number;
}

/**
 * Zeroes elements at random while training and scales the others by 1 / (1 − p) (Srivastava et al. 2014); else y = x.
 * Kernels: shaders/dropout.wgsl.
 */
export function dropout(options: DropoutOptions = {}): Layer {
  const { p = 0.5 } = known("dropout", options, "p");
  if (!(p >= 0 && p < 1)) throw new OptionError(`p is a number from 0 to below 1, not ${p}`, { p });
  const threshold = Math.round(p * 2 ** 24), scale = 1 / (1 - p);

  /** What the kernels draw by; undefined where nothing is dropped. */
  function drawn({ training, clock, stream }: Mode) {
    if (!training || p === 0) return undefined;
    if (!clock || stream === undefined) throw new ConvoyError("clock",
      "dropout draws by step and layer: a training pass with p > 0 needs a mode with clock and stream");
    return { clock, params: { stream, threshold, scale } };
  }

  const copy = (rec: Recorder, x: Tensor, y: Tensor) =>
    rec.dispatch(activation_forward, { x, y }, { size: y.size, WIDTH: rec.wide(y.size) }, byFours(y.size));

  return {
    name: "dropout",
    fusing,
    shape: (x) => x,

    forward(rec, { x, y }, mode) {
      const d = drawn(mode);
      if (d) rec.dispatch(
        dropout_forward, { clock: d.clock, x, y }, { ...d.params, size: y.size }, byFours(y.size));
      else copy(rec, x, y);
    },

    backward(rec, { dy, dx }, mode) {
      const d = drawn(mode);
      if (!dx) return;
      if (d) rec.dispatch(
        dropout_backward, { clock: d.clock, dy, z: dy, dx }, { ...d.params, size: dy.size }, byFours(dy.size));
      else copy(rec, dy, dx);
    },
  };
}

/**
 * The gradients of a dropout and of the relu in front of it become one step: where the dropout's output is 0, nothing
 * passes. It reads no other tensor, so the relu's output need not be kept.
 */
function dropped(steps: readonly Step[]): readonly Step[] {
  const readersOf = (t: Tensor) => steps.filter((s) => touched(s, "read").includes(root(t)));
  const changed = new Map<Step, Step | undefined>();
  for (const back of steps.filter(({ kernel }) => kernel.entry === "dropout_backward")) {
    const [slope, ...others] = readersOf(back.tensors.dx), { stream, scale } = back.params;
    if (slope?.kernel.entry !== "activation_backward" || others.length || slope.overrides.SLOPE !== 1) continue;
    const drop = steps.find(({ kernel, params, tensors }) => kernel.entry === "dropout_forward"
      && params.stream === stream && root(tensors.x) === root(slope.tensors.z));
    if (!drop) continue;
    changed.set(back, undefined).set(slope, {
      ...slope,
      tensors: { ...slope.tensors, dy: back.tensors.dy, z: drop.tensors.y },
      overrides: { ...slope.overrides, SLOPE: 11, ALPHA: scale },
    });
  }
  return replaced(steps, changed);
}
const fusing: Fusing = { before: dropped };
