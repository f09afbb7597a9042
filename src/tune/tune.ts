import type { Part } from "../graph.js";
import type { Device } from "../gpu/device.js";
import type { Shape } from "../gpu/recorder.js";
import { known } from "../options.js";
import { Session } from "../train/session.js";
import { writeChoices, type Choices } from "./choices.js";
import { measure, type Measured, type MeasureOptions } from "./measure.js";
import { tools } from "./tools.js";

/** What tune() takes beside the network. */
export interface TuneOptions extends MeasureOptions {
  device: Device;
  /** [channels, height, width] of an image, as the network gets it. */
  input: Shape;
  /** Images a step; of a step in parts, `microBatch`. Default 64. */
  batch?: number;
  /** Gets each operator when it has been measured. */
  onMeasured?: (measured: Measured) => void;
}

/**
 * Times all rungs of all operators of a training step, and gives the table of the best for train(net, { tune: table }).
 * It is also kept for { tune: true } on the same adapter, runtime and version of Convoy: in Node in
 * ~/.cache/convoy/tuned.json, in a page in its localStorage.
 */
export async function tune(net: Part, options: TuneOptions): Promise<Choices> {
  const { device, input, batch = 64, onMeasured, ...how } =
    known("tune()", options, "device, input, batch, onMeasured, known, clock");
  const session = await Session.open(net, { device, input, batches: [batch] }), choices: Record<string, string> = {};
  try {
    for await (const measured of measure(device, (choice) => session.record(choice), tools, how)) {
      choices[measured.key] = measured.rung;
      onMeasured?.(measured);
    }
  } finally { session.destroy(); }
  await writeChoices(device, choices);
  return choices;
}
