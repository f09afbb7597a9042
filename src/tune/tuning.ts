import type { Session } from "../train/session.js";
import { writeChoices, type Choices } from "./choices.js";
import type { Measured } from "./measure.js";
import { tools } from "./tools.js";

const REST = 100;  // milliseconds of training between two turns, at least

/**
 * Tunes a session between its steps: an operator a turn, then at least as long no turn, and at the end one change of
 * programs. What measures is loaded at the first turn.
 */
export class Tuning {
  readonly #found: Record<string, string> = {};
  #measured?: AsyncGenerator<Measured, void, void>;
  readonly #from: number;
  #next = 0;

  constructor(readonly session: Session) { this.#from = session.steps; }

  /** Never before the first step. */
  get due(): boolean { return this.session.steps > this.#from && performance.now() >= this.#next; }

  /**
   * Measures an operator; after the last, keeps what was found and takes it. Returns the choices of the next step. A
   * session that cannot be tuned stays as it is. Calls `idle` once the steps on their way are done, and it begins.
   */
  async turn(idle: () => void): Promise<Choices> {
    const { session } = this, { device, choices } = session, began = performance.now();
    try {
      await device.until(device.gpu.queue.onSubmittedWorkDone());
      idle();
      this.#measured ??= (await import("./measure.js")).measure(
        device, (choice) => session.record(choice), tools, { known: (key) => Object.hasOwn(choices, key) },
      );
      const { done, value } = await this.#measured.next();
      if (value) this.#found[value.key] = value.rung;
      if (done) {
        this.#next = Infinity;
        if (Object.keys(this.#found).length) {
          await writeChoices(device, this.#found);
          await session.choose({ ...choices, ...this.#found });
        }
      } else this.#next = performance.now() + Math.max(REST, performance.now() - began);
    } catch (e) {
      this.#next = Infinity;
      device.check();
      console.warn(`Convoy: tuning ended early, the rungs stay as they are: ${(e as Error).message}`);
    }
    return session.choices;
  }
}
