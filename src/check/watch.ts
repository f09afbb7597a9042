import type { Device } from "../gpu/device.js";
import type { Kernel } from "../gpu/kernel.js";
import type { Recorder, Shape, Tensor } from "../gpu/recorder.js";
import type { AnyLayer } from "../graph.js";
import { zeros } from "../layers/init.js";
import type { Mode } from "../layers/layer.js";
import type { StateDict } from "../train/weights.js";
import { counted, endless, STUCK } from "./ends.js";
import type { Finding } from "./report.js";

/** A layer whose loops are counted, and what they have come to. */
export interface Watched<L extends AnyLayer> {
  readonly layer: L;
  /** The loop that was left because it did not end, if one was: by `run.weights()` of a network with this layer. */
  found(weights: StateDict): Finding | undefined;
}

/**
 * The same layer with a counter in each loop, for networks that train with shaders whose loops depend on their data: a
 * loop that does not end is left after 2²⁰ turns (2¹⁶ in kernels with barriers) instead of holding the GPU, and a
 * running statistic `convoy_stuck` keeps its place. checkEnds() looks once, on drawn values. Kernels that bind as many
 * buffers as the device allows stay as they are.
 */
export function watch<L extends AnyLayer>(layer: L, { device }: { device: Device }): Watched<L> {
  const known: { of: Kernel; turns: number }[] = [], made = new Map<Kernel, Kernel>();
  const most = device.adapter.limits.storageBuffers;
  const { forward, backward, state } = layer as unknown as {
    forward?: Pass; backward?: Pass | "dy"; state?(...shapes: Shape[]): object;
  };
  const watching = (record: Pass): Pass => (rec, t, mode) => {
    const from = rec.steps.length;
    record.call(layer, rec, t, mode);
    for (const [i, step] of rec.steps.entries()) {
      if (i < from || Object.keys(step.kernel.bindings).length >= most) continue;
      if (!made.has(step.kernel)) {
        const { kernel, turns } = counted(step.kernel, LINES * known.length);
        known.push({ of: step.kernel, turns });
        made.set(step.kernel, kernel);
      }
      const kernel = made.get(step.kernel)!;
      if (STUCK in kernel.bindings) rec.steps[i] = { ...step, kernel, tensors: { ...step.tensors, [STUCK]: t[STUCK] } };
    }
  };
  const own = {
    forward: forward && watching(forward),
    backward: typeof backward === "function" ? watching(backward) : backward,
  };
  return {
    layer: {
      ...layer,
      ...forward && own,
      state: (...shapes: Shape[]) => ({
        ...state?.(...shapes),
        [STUCK]: { shape: [1], init: zeros, fan: { in: 1, out: 1 } },
      }),
    },
    found(weights) {
      for (const [name, { data }] of weights) {
        const [mark] = new Uint32Array(data.buffer, data.byteOffset, 1), line = mark % LINES;
        if (name.split(".").at(-1) === STUCK && mark) return endless(known[Math.floor(mark / LINES)], line);
      }
      return undefined;
    },
  };
}

const LINES = 2 ** 16;  // of a shader, at most
type Pass = (rec: Recorder, t: Record<string, Tensor>, mode: Mode) => void;
