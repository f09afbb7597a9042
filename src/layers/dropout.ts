import { ConvoyError, OptionError } from "../errors.js";
import { activation_forward } from "../generated/activation.js";
import { dropout_backward, dropout_forward } from "../generated/dropout.js";
import type { Recorder, Tensor } from "../gpu/recorder.js";
import type { Layer, Mode } from "./layer.js";

/** What dropout() takes. */
export interface DropoutOptions {
  /** Share of elements that are zeroed, in [0, 1). Default 0.5. */
  p?: number;
}

/** Zeroes elements at random while training and scales the others by 1 / (1 − p); else y = x. Kernels: shaders/dropout.wgsl. */
export function dropout({ p = 0.5 }: DropoutOptions = {}): Layer {
  if (!(p >= 0 && p < 1)) throw new OptionError(`p is a number from 0 to below 1, not ${p}`, { p });
  const threshold = Math.round(p * 2 ** 24), scale = 1 / (1 - p);

  /** What the kernels draw by; undefined where nothing is dropped. */
  function drawn({ training, clock, stream }: Mode) {
    if (!training || p === 0) return undefined;
    if (!clock || stream === undefined) throw new ConvoyError("clock", "dropout draws by step and layer: a training pass with p > 0 needs a mode with clock and stream");
    return { clock, params: { stream, threshold, scale } };
  }

  const copy = (rec: Recorder, x: Tensor, y: Tensor) =>
    rec.dispatch(activation_forward, { x, y }, { size: y.size, WIDTH: rec.wide(y.size) }, Math.ceil(y.size / 4));

  return {
    name: "dropout",
    shape: (x) => x,

    forward(rec, { x, y }, mode) {
      const d = drawn(mode);
      if (d) rec.dispatch(dropout_forward, { clock: d.clock, x, y }, { ...d.params, size: y.size }, Math.ceil(y.size / 4));
      else copy(rec, x, y);
    },

    backward(rec, { dy, dx }, mode) {
      const d = drawn(mode);
      if (!dx) return;
      if (d) rec.dispatch(dropout_backward, { clock: d.clock, dy, z: dy, dx }, { ...d.params, size: dy.size }, Math.ceil(dy.size / 4));
      else copy(rec, dy, dx);
    },
  };
}
