// The layer on the GPU, by the library's own forward(): always of the latest setup, one at a time.
import { forward, openDevice, type Device, type Output, type StateDict } from "convoy-gpu";
import { convolves, layerOf, weightOf, weightShape, xOf, xShape, type Setup } from "./setup.js";

/**
 * Opens a device, and gives what asks it for a setup's output; one that was asked for before and has not begun is
 * dropped. `failed` hears of everything that goes wrong, `answered` of each output.
 */
export function answers(
  opened: (device: Device) => void,
  answered: (setup: Setup, output: Output) => void,
  failed: (error: unknown) => void,
): (setup: Setup) => void {
  let device: Device | undefined, next: Setup | undefined, busy = true;

  async function work(): Promise<void> {
    busy = true;
    try {
      if (!device) opened(device = await openDevice());
      while (next) {
        const setup = next, weights: StateDict = new Map();
        next = undefined;
        if (convolves(setup))
          weights.set("weight", { shape: weightShape(setup), data: Float32Array.from(weightOf(setup)) });
        const x = { shape: [1, ...xShape(setup)], data: xOf(setup) };
        answered(setup, await forward(layerOf(setup), { device, x, weights }));
      }
    } catch (error) {
      device?.destroy();
      device = undefined;
      failed(error);
    } finally { busy = false; }
  }
  void work();
  return (setup) => { next = setup; if (!busy && device) void work(); };
}
