import type { Device } from "../gpu/device.js";

const LEAST = 20, MOST = 80;  // milliseconds of work between two looks at the GPU

/**
 * Keeps the GPU busy without running away from it: steps go out in groups, and at most two groups are on their way. The
 * size of a group follows from how long one takes. Also measures images per second.
 */
export class Pace {
  #group = 1;
  #taken = 0;     // steps of the present group
  #images = 0;
  #pending = 0;   // images of steps that are not known to be done
  #last?: Promise<number>;
  #since = 0;
  #finished: { at: number; images: number; start?: boolean }[] = [];

  /** Call before a step. */
  begin(): void {
    if (!this.#since) {
      this.#since = performance.now();
      if (this.#finished.at(-1)?.start) this.#finished.pop();
      this.#finished.push({ at: this.#since, images: 0, start: true });
    }
  }

  /** Call after a step of so many images: waits if too much is on its way. */
  async step(device: Device, images: number): Promise<void> {
    this.#images += images;
    this.#pending += images;
    if (++this.#taken < this.#group) return;
    const count = this.#images, previous = this.#last;
    this.#last = device.until(device.gpu.queue.onSubmittedWorkDone()).then(() => count);
    this.#last.catch(() => {});  // awaited a group later
    this.#taken = this.#images = 0;
    if (!previous) return;
    const done = await previous, now = performance.now(), took = now - this.#finished.at(-1)!.at;
    this.#finished.push({ at: now, images: done });
    this.#pending -= done;
    if (this.#finished.length > 64) this.#finished.shift();
    if (took < LEAST) this.#group = Math.min(64, this.#group * 2);
    else if (took > MOST) this.#group = Math.max(1, this.#group >> 1);
  }

  /** The run stands still from here on, its steps done: time does not count. */
  end(): void {
    if (this.#since && this.#pending) this.#finished.push({ at: performance.now(), images: this.#pending });
    this.#finished.splice(0, this.#finished.length - 64);
    this.#since = this.#taken = this.#images = this.#pending = 0;
    this.#last = undefined;
  }

  /** Over the groups of the last few seconds of work. */
  get imagesPerSecond(): number {
    let images = 0, time = 0;
    for (let i = this.#finished.length - 1; i > 0 && time < 4000; i--) {
      if (this.#finished[i].start) continue;  // what lies before it was a pause
      images += this.#finished[i].images;
      time += this.#finished[i].at - this.#finished[i - 1].at;
    }
    return time ? 1000 * images / time : 0;
  }
}
