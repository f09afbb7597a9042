import type { Part } from "../graph.js";
import type { Device } from "../gpu/device.js";
import type { Shape } from "../gpu/recorder.js";
import { Session } from "../train/session.js";
import { writeChoices, type Choices } from "./choices.js";
import { measure, type Measured, type MeasureOptions } from "./measure.js";

const REST = 100;  // milliseconds of training between two turns, at least

/** Tunes a session between its steps: an operator a turn, then at least as long no turn, and at the end one change of programs. */
export class Tuning {
  readonly #found: Record<string, string> = {};
  readonly #measured: AsyncGenerator<Measured, void, void>;
  readonly #from: number;
  #next = 0;

  constructor(readonly session: Session) {
    const { device, choices, steps } = session;
    this.#from = steps;
    this.#measured = measure(device, (choice) => session.record(choice), { known: (key) => Object.hasOwn(choices, key) });
  }

  /** Never before the first step. */
  get due(): boolean { return this.session.steps > this.#from && performance.now() >= this.#next; }

  /** Measures an operator; after the last, keeps what was found and takes it. Returns the choices of the next step. A session that cannot be tuned stays as it is. */
  async turn(): Promise<Choices> {
    const { session } = this, began = performance.now();
    try {
      await session.device.until(session.device.gpu.queue.onSubmittedWorkDone());
      const { done, value } = await this.#measured.next();
      if (value) this.#found[value.key] = value.rung;
      if (done) {
        this.#next = Infinity;
        if (Object.keys(this.#found).length) {
          await writeChoices(session.device, this.#found);
          await session.choose({ ...session.choices, ...this.#found });
        }
      } else this.#next = performance.now() + Math.max(REST, performance.now() - began);
    } catch (e) {
      this.#next = Infinity;
      session.device.check();
      console.warn(`Convoy: tuning ended early, the rungs stay as they are: ${(e as Error).message}`);
    }
    return session.choices;
  }
}

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
 * Times all rungs of all operators of a training step, and gives the table of the best for train(net, { tune: table }). It is also kept for
 * { tune: true } on the same adapter, runtime and version of Convoy: in Node in ~/.cache/convoy/tuned.json, in a page in its localStorage.
 */
export async function tune(net: Part, { device, input, batch = 64, onMeasured, ...options }: TuneOptions): Promise<Choices> {
  const session = await Session.open(net, { device, input, batches: [batch] }), choices: Record<string, string> = {};
  try {
    for await (const measured of measure(device, (choice) => session.record(choice), options)) {
      choices[measured.key] = measured.rung;
      onMeasured?.(measured);
    }
  } finally { session.destroy(); }
  await writeChoices(device, choices);
  return choices;
}
