import { NonFiniteError, OutOfMemoryError, ShapeError } from "../errors.js";
import type { Dataset } from "../data/dataset.js";
import { levelsOf } from "../data/prepare.js";
import { Reader } from "../gpu/memory.js";
import type { Player } from "../gpu/player.js";
import { tensor } from "../gpu/recorder.js";
import type { Added } from "./home.js";
import { RING } from "./control.js";
import { evaluation, type Program } from "./programs.js";
import { Pace } from "./pace.js";
import { single } from "../plan.js";
import type { Session } from "./session.js";
import { lastingOf, upload } from "./source.js";

/** How good a network is on images that it does not learn from. */
export interface Evaluation {
  /** Mean loss. */
  readonly loss: number;
  /** Share of images whose most probable class is the label's, 0 … 1. */
  readonly accuracy: number;
  readonly images: number;
}

/**
 * Measures a session's network on a data set, in evaluation mode. Made once for a data set; shares the training step's
 * memory.
 */
export class Evaluator {
  #added!: Added;
  #reader!: Reader;
  #found!: (order: Uint32Array) => Uint32Array;
  readonly #pace = new Pace();
  #turn: Promise<unknown> = Promise.resolve();  // one pass over the images at a time

  private constructor(readonly session: Session, readonly data: Dataset, readonly batch: number) {}

  static async open(session: Session, data: Dataset, resident = session.resident): Promise<Evaluator> {
    checkData(session, data);
    const batch = Math.min(session.micro, data.size), tail = data.size % batch;
    const evaluator = new Evaluator(session, data, batch);
    const ring = tensor("evaluation ring", [RING, 4]);
    const source = session.source("test set", data, batch, undefined, resident);
    const programs = [batch, ...tail ? [tail] : []].map((n) => evaluation({ ...session, batch: n, ring, source }));
    try {
      evaluator.#added = await session.add(
        programs, [single(ring), ...lastingOf(source), ...programs.map(({ probs }) => single(probs))], () => batch,
      );
    } catch (e) {
      if (resident === undefined && e instanceof OutOfMemoryError) return Evaluator.open(session, data, false);
      throw e;
    }
    evaluator.#reader = new Reader(session.memory, ring, 2);
    evaluator.#found = upload(session.memory, source, data, levelsOf(session.normalise, data.shape[0], 255));
    return evaluator;
  }

  /** Runs over all images. Keeps the GPU at work, and not more batches on their way than that takes. */
  run(): Promise<Evaluation> { return this.#alone(() => this.#measure()); }

  /**
   * Probabilities of the classes for all images, [images, classes], in their order, from a loss that has some
   * (crossEntropy).
   */
  probabilities(): Promise<Float32Array<ArrayBuffer>> {
    return this.#alone(async () => {
      const { session, data: { size }, batch } = this, [, classes] = this.#added.ready[0].program.probs.shape;
      const all = new Float32Array(size * classes);
      for (let from = 0; from < size; from += batch)
        all.set(await session.memory.read(this.#play(from, 0).probs), from * classes);
      return all;
    });
  }

  #alone<T>(pass: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(pass);
    this.#turn = mine.catch(() => {});
    return mine;
  }

  /** Plays the batch that begins with this image, into this row of the ring; `also` as in play(). */
  #play(from: number, row: number, also?: Parameters<Player["play"]>[0]): Program {
    const order = Uint32Array.from({ length: Math.min(this.batch, this.data.size - from) }, (_, k) => from + k);
    const { program, player } = this.#added.of(order.length)!;
    this.session.writeControl(this.#found(order), 0, row, 0);
    player.play(also);
    return program;
  }

  async #measure(): Promise<Evaluation> {
    const { session, data: { size }, batch } = this;
    let loss = 0, hits = 0;
    for (let from = 0; from < size; from += batch) {
      const row = from / batch % RING, last = row === RING - 1 || from + batch >= size;
      let fetch: (() => Promise<Float32Array>) | undefined;
      this.#pace.begin();
      this.#play(from, row, (encoder) => { if (last) fetch = this.#reader.copy(encoder); });
      if (!fetch) { await this.#pace.step(session.device, batch); continue; }
      const rows = await fetch();
      for (let r = 0; r <= row; r++) {
        const [sum, right, images, strange] = rows.subarray(4 * r);
        if (strange) throw new NonFiniteError(
          `the network's output is NaN or infinite for ${strange} of ${images} test images; its weights have diverged`,
          { images: strange },
        );
        loss += sum;
        hits += right;
      }
    }
    return { loss: loss / size, accuracy: hits / size, images: size };
  }

  destroy(): void {
    this.#reader.destroy();
    this.#added.undo();
  }
}

/** The network must have an output for each label, and images are as large as those it trains on. */
export function checkData(session: Session, { labels, classes, shape }: Dataset): void {
  const like = session.shape ?? shape;
  if (`${shape}` !== `${like}`) throw new ShapeError(
    `the test images are [${shape}], those of the training [${like}]; make them one size`, { got: shape, want: like },
  );
  checkLabels(session, labels, classes.length);
}

/** The network must have an output for each label, unless the loss makes something else of labels. */
export function checkLabels({ loss, programs }: Session, labels: Uint8Array | Uint32Array, units?: number): void {
  const outputs = loss.labels ?? programs[0].logits.shape[1];
  const wrong = labels.findIndex((label) => label >= outputs);
  if (wrong >= 0) throw new ShapeError(
    `label ${labels[wrong]} of image ${wrong} is out of range: the network has ${outputs} outputs; `
      + `end it with linear({ units: ${units ?? labels[wrong] + 1} })`,
    { image: wrong, label: labels[wrong], outputs },
  );
}
