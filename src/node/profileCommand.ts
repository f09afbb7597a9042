import { families } from "../../models/index.js";
import { dataset } from "../data/dataset.js";
import { sgd } from "../optimizers/sgd.js";
import { profile } from "../profile/profile.js";
import { Session } from "../train/session.js";
import { openDevice } from "./device.js";
import { writeJson } from "./files.js";
import type { TrainCommand } from "./options.js";
import type { Terminal } from "./terminal.js";

const SIZE = 28;  // pixels of an image before it is resized, as in Fashion-MNIST

/** Profiles a training step on images of noise. Returns the exit code. */
export async function profileCommand(
  { model, options, batch, lr, momentum, seed, inputSize, adapter, json }: TrainCommand, terminal: Terminal,
): Promise<number> {
  const device = await openDevice({ adapter });
  try {
    const data = dataset({
      images: Uint8Array.from({ length: SIZE * SIZE * batch }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24),
      labels: Uint8Array.from({ length: batch }, (_, i) => i % 10),
      shape: [1, SIZE, SIZE], classes: [..."0123456789"],
    });
    const session = await Session.open(families[model](options), {
      device, input: [1, inputSize, inputSize], batches: [batch], data, optimizer: sgd({ lr, momentum }), seed,
    });
    session.step(Uint32Array.from({ length: batch }, (_, i) => i));
    const found = await profile(session);
    for (const line of String(found).split("\n")) terminal.line(line);
    if (json) await writeJson(json, found);
    session.destroy();
    return 0;
  } finally { device.destroy(); }
}
