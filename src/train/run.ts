import { OptionError } from "../errors.js";
import type { Dataset } from "../data/dataset.js";
import { permutation } from "../random.js";
import { Evaluator, type Evaluation } from "./evaluate.js";  // first: so a bundle compresses best
import { readCheckpoint, writeCheckpoint } from "./checkpoint.js";
import { RING } from "./control.js";
import { judge } from "./earlyStopping.js";
import { Pace } from "./pace.js";
import type { Activation, Images, Prediction } from "./inference.js";
import { Predictor } from "./predictor.js";
import type { Best, Progress, RunOptions } from "./progress.js";
import { factor } from "./schedules.js";
import type { Session } from "./session.js";
import { addRows, tallyAfter, type Tally } from "./tally.js";
import type { Tuning } from "../tune/tuning.js";
import type { LoadReport, StateDict } from "./weights.js";

const REPORT = 250;  // milliseconds between two progresses

/**
 * A training run. Iterating it trains: each turn of a `for await` gives the progress of the steps so far, about four
 * times a second and at the end of each epoch. Leaving the loop stops the training; iterating again goes on.
 */
export class Run implements AsyncIterable<Progress> {
  /** Complete epochs. */
  epoch = 0;
  /** Loss of each of them: of test images or, if there are none, of training. Schedules and early stopping go by it. */
  readonly history: number[] = [];
  #at = 0;                       // steps taken in the present epoch
  #tally: Tally;                 // of the present epoch
  #lr = NaN;                     // of the last step
  #best?: Promise<Best>;         // if its weights are kept
  #unkept = 0;                   // epochs before the first whose weights can be kept
  #tuning?: Tuning;
  #choices: Session["choices"];  // rungs of the next step
  #begun = false; #paused = false; #stopped = false; #active = false; #gone = false;
  #wake = () => {}; #single: (() => void)[] = [];  // steps asked for while paused
  readonly #pace = new Pace();
  readonly #predictor: Predictor;

  constructor(readonly session: Session, readonly data: Dataset, readonly epochs: number, readonly test?: Evaluator,
    readonly options: RunOptions = {}, tuning?: Tuning) {
    this.#tally = tallyAfter(session.steps);
    this.#choices = session.choices;
    this.#tuning = tuning;
    this.#predictor = new Predictor(session, data.shape, Math.min(64, session.micro));
  }

  get paused(): boolean { return this.#paused; }
  get stepsPerEpoch(): number { return Math.ceil(this.data.size / this.session.batches[0]); }

  /** Holds the run after the step it is at. */
  pause(): void { this.#paused = true; }
  /** Lets a paused run go on. */
  resume(): void { this.#paused = false; this.#wake(); }
  /** Ends the iteration after the step it is at, or the first before it has begun. All that was learned stays. */
  stop(): void { this.#stopped = this.#active || !this.#begun; this.#wake(); }

  /**
   * While paused: takes one step. Resolves when its progress has been given to the loop that iterates the run (which
   * cannot wait for it itself), and at once after the last.
   */
  step(): Promise<void> {
    this.#paused = true;
    return new Promise((resolve) => {
      if (this.epoch >= this.epochs || this.#gone) resolve(); else this.#single.push(resolve);
      this.#wake();
    });
  }

  /** Trains while it is iterated: `for await (const progress of run)`. Once. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Progress, void, void> {
    const { onProgress, onEpochEnd } = this.options;
    if (this.#active) throw new OptionError("this run is iterated already; wait for that");
    this.#active = true;
    try {
      for await (const progress of this.#train()) {
        await onProgress?.(progress, this);
        if (progress.epochEnd) await onEpochEnd?.(progress, this);
        yield progress;
      }
    } catch (e) {
      if (!this.#gone) throw e;  // destroyed while it trained: that is its end
    } finally { this.#active = this.#stopped = false; }
  }

  /** Trains to the end; gives the last progress, or none if nothing was left to train. */
  async finish(): Promise<Progress | undefined> {
    let last: Progress | undefined;
    for await (const progress of this) last = progress;
    return last;
  }

  async *#train(): AsyncGenerator<Progress, void, void> {
    const { session, data, stepsPerEpoch: steps } = this, [batch] = session.batches, reports: Progress[] = [];
    let failure: unknown, reading: Promise<void> | undefined, reported = performance.now();
    const read = (ring: Promise<Float32Array>) => {
      const taken = session.steps, at = this.#at, lr = this.#lr;
      reported = performance.now();
      const mine: Promise<void> = Promise.all([ring, reading])  // in the order of the steps, whichever arrives first
        .then(([rows]) => { reports.push(this.#progress(rows, taken, at, lr)); })
        .catch((e: unknown) => { failure ??= e; })
        .finally(() => { if (reading === mine) reading = undefined; });
      reading = mine;
    };
    const settle = async () => { await reading; if (failure) throw failure; };
    const catchUp = async () => {
      await settle();
      if (session.steps > this.#tally.seen) { read(session.fetch()); await settle(); }
    };
    this.#begun = true;
    try {
      await session.choose(this.#choices);
      while (this.epoch < this.epochs && !this.#stopped) {
        const order = permutation(data.size, session.seed, this.epoch);
        while (this.#at < steps && !this.#stopped) {
          if (this.#paused && !this.#single.length) {
            await catchUp();
            yield* reports.splice(0);
            if (this.#paused && !this.#single.length && !this.#stopped) {
              this.#pace.end();
              await session.device.until(new Promise<void>((resolve) => { this.#wake = resolve; }), false);
            }
            continue;
          }
          const wanted = this.#single.shift(), from = this.#at * batch, last = this.#at === steps - 1;
          const unseen = session.steps - this.#tally.seen + 1;
          if (unseen >= RING) await settle();  // before a row of the ring is written again
          if (this.#tuning?.due) this.#choices = await this.#tuning.turn(() => this.#pace.end());
          this.#pace.begin();
          const due = wanted || last || (!reading && (unseen >= RING / 2 || performance.now() - reported >= REPORT));
          this.#lr = session.optimizer.lr * factor(this.options.schedule, this, this.#at);
          const rows = session.step(order.subarray(from, Math.min(from + batch, data.size)), this.#lr, Boolean(due));
          this.#at++;
          if (rows) read(rows);
          await this.#pace.step(session.device, Math.min(batch, data.size - from));
          if (wanted || last || failure) await settle();
          if (!last) yield* reports.splice(0);
          wanted?.();
        }
        if (this.#at < steps) { await catchUp(); yield* reports.splice(0); break; }
        this.#pace.end();
        const report = reports.pop() ?? (this.#tally.images
          ? this.#progress(new Float32Array(0), this.#tally.seen, steps, this.#lr) : undefined);
        yield* reports.splice(0);
        const test = report && await this.test?.run();
        this.#at = 0;
        this.#tally = tallyAfter(this.#tally.seen);
        if (!report) continue;  // none of its losses was a number, and that was told: once more
        this.epoch++;
        this.history.push(test?.loss ?? report.loss);
        yield { ...report, epochEnd: true, best: await this.#judge(), test };
      }
    } finally {
      this.#pace.end();
      for (const resolve of this.#single.splice(0)) resolve();
    }
  }

  /** Whether the epoch that has just ended is the best so far. Stops early, and puts the best weights back at last. */
  async #judge(): Promise<boolean> {
    const { history, options } = this, epoch = history.length, loss = history[epoch - 1];
    const { best, ends, keeps, restores } = judge(history.slice(this.#unkept), options);
    if (ends) this.stop();
    if (best && keeps) await (this.#best = this.weights().then((weights) => ({ epoch, loss, weights })));
    else if (restores && this.#best && (ends || this.epoch === this.epochs)) this.load((await this.#best).weights);
    return best;
  }

  /** What to tell after so many steps in all and in the epoch; the ring has the rows of those that are not seen yet. */
  #progress(ring: Float32Array, taken: number, at: number, lr: number): Progress {
    const losses = addRows(this.#tally, ring, taken, lr), { loss, hits, images } = this.#tally;
    const { data: { size }, epoch, epochs, stepsPerEpoch: steps } = this, { imagesPerSecond } = this.#pace;
    const left = (epochs - epoch) * size - Math.min(at * this.session.batches[0], size);
    return {
      epoch: epoch + 1, epochs, step: at, steps, loss: loss / images, accuracy: hits / images, lr, losses,
      imagesPerSecond, secondsLeft: imagesPerSecond ? left / imagesPerSecond : NaN, epochEnd: false, best: false,
    };
  }

  /** Mean loss and accuracy on a data set of the same image size; default the test images. */
  async evaluate(data?: Dataset): Promise<Evaluation> {
    if (!data && this.test) return this.test.run();
    if (!data?.images) throw new OptionError("there are no test images; give evaluate() a data set");
    const evaluator = await Evaluator.open(this.session, data);
    try { return await evaluator.run(); } finally { evaluator.destroy(); }
  }

  /** Probabilities for images of the training's size: a data set, or pixels [N, C, H, W], bytes or from 0 to 1. */
  predict(images: Images): Promise<Prediction[]> { return this.#predictor.predict(images); }

  /** What every layer makes of one image [1, C, H, W]; or one layer alone, by its number in summary().layers. */
  activations(image: Images, only?: number): Promise<Activation[]> { return this.#predictor.activations(image, only); }

  /** Parameters and running statistics, with PyTorch's names, shapes and order. */
  weights(): Promise<StateDict> { return this.session.weights(); }

  /**
   * Replaces them. Throws a FormatError, and changes nothing, unless every name and shape fits. With `strict: false`,
   * for fine-tuning with a new head, takes what fits, leaves the rest as it is and tells what that was.
   */
  load(weights: StateDict, options?: { strict?: boolean }): LoadReport {
    return this.session.load(weights, options);
  }

  /** The best epoch so far, with its weights, if they are kept. */
  async best(): Promise<Best | undefined> { return this.#best; }

  /**
   * A checkpoint, a safetensors file: the weights as PyTorch names them, optimizer states, and where the training
   * stands, for restore(). With `optimizer: false` the weights alone, with `best: true` those of the best epoch:
   * `load_state_dict(safetensors.torch.load_file(…))` takes them strictly. May be called at any time: it is of the
   * steps taken until then.
   */
  save(options: { optimizer?: boolean; best?: boolean } = {}): Promise<Uint8Array<ArrayBuffer>> {
    const at = { step: this.#at, lr: this.#lr, choices: this.#choices, tally: this.#tally, best: this.#best };
    return writeCheckpoint(this, at, options);
  }

  /**
   * Puts a new run where another was when it was saved: iterating it ends in the same bits as if the other had never
   * stopped, with the same images and options. Throws a FormatError, and changes nothing, unless network, kind of
   * optimizer, seed, batch size and number of images are the same; epochs may be more (after early stopping, from the
   * best weights on). Rungs are those of the other. A best epoch that the file has not is looked for from here on.
   */
  restore(bytes: Uint8Array, what = "the checkpoint"): void {
    if (this.#begun) throw new OptionError("restore() is for a run that has not begun; make another with train()");
    const at = readCheckpoint(bytes, this, what);
    this.epoch = at.epoch;
    this.#at = at.step;
    this.#lr = at.lr;
    this.#choices = at.choices;
    this.#tuning = undefined;
    this.#tally = { ...at.sums, seen: this.session.steps = at.steps };
    this.history.splice(0, Infinity, ...at.history);
    const { keeps } = judge(at.history, this.options);
    this.#best = keeps && at.best ? Promise.resolve(at.best) : undefined;
    this.#unkept = keeps && !at.best ? at.history.length : 0;
  }

  /** Frees what the run holds on the device; the device stays. */
  destroy(): void {
    this.#gone = true;
    this.stop();
    for (const resolve of this.#single.splice(0)) resolve();
    this.test?.destroy();
    this.#predictor.destroy();
    this.session.destroy();
  }
}
