import { LimitError, OptionError, OutOfMemoryError, ShapeError } from "../errors.js";
import type { Dataset } from "../data/dataset.js";
import type { Augmentation } from "../data/augment.js";
import { levelsOf, type Preparation } from "../data/prepare.js";
import type { Part } from "../graph.js";
import { targetOf } from "../gpu/device.js";
import { Reader } from "../gpu/memory.js";
import { root, tensor, type Arena, type Shape, type Step, type Target } from "../gpu/recorder.js";
import { crossEntropy } from "../losses/crossEntropy.js";
import { sgd } from "../optimizers/sgd.js";
import { known, must, opened, positive } from "../options.js";
import { memoryUse, plan, single, type MemoryUse } from "../plan.js";
import { Home, type Added, type Ready } from "./home.js";
import { control, RING, type Control } from "./control.js";
import { describe, outliving, statesOf, type Network, type States } from "./network.js";
import { checkData, checkLabels } from "./evaluate.js";
import { training, type Program } from "./programs.js";
import { SHARED, type SessionOptions } from "./sessionOptions.js";
import { sourceOf, upload, type Source } from "./source.js";
import type { Choices } from "../tune/choices.js";
import { initialise, readWeights, writeWeights, type LoadReport, type StateDict } from "./weights.js";

/** The options of a session, defaults in place. */
interface Settings extends Readonly<
  Preparation & Pick<SessionOptions, "clip" | "keep">
    & Required<Pick<SessionOptions, "device" | "batches" | "optimizer" | "loss" | "seed">>
> {
  readonly network: Network;
  /** Images that run at once, at most. */
  readonly micro: number;
  readonly target: Target;
  readonly fused: boolean;
  /** Rungs of the training steps, and of them alone: evaluation takes the first that fits. */
  choices: Choices;
}

export interface Session extends Settings {}
/**
 * A network with memory on a device, ready to train: everything is recorded, planned, compiled and bound, so that a
 * step writes a few bytes and submits once. train() drives one; drive it yourself for a loop of your own.
 */
export class Session extends Home {
  /** Optimizer steps taken. */
  steps = 0;
  readonly control: Control;
  readonly ring = tensor("ring", [RING, 4]);
  /** What a training step's short-lived tensors take. */
  memoryUse: MemoryUse = { slots: 0, bound: 0, sum: 0 };
  readonly states: States;
  #added!: Added;
  #source?: Source; #images?: number;  // that it has
  #reader!: Reader;
  #found = (order: Uint32Array) => order;  // where a step finds its images
  readonly #words: Uint32Array<ArrayBuffer>;
  readonly #floats: Float32Array<ArrayBuffer>;

  private constructor(settings: Settings) {
    super(settings.device);
    Object.assign(this, settings);
    this.control = control(Math.max(...this.batches), this.micro);
    this.#words = new Uint32Array(this.control.whole.size);
    this.#floats = new Float32Array(this.#words.buffer);
    this.states = statesOf(this.network, this.optimizer);
  }

  /**
   * Records and plans a training, makes its buffers, compiles its kernels. Throws an OptionError or ShapeError for what
   * does not fit together, and a LimitError that names the largest batch that fits.
   */
  static async open(net: Part, options: SessionOptions): Promise<Session> {
    const {
      device, input, batches, microBatch, data, optimizer = sgd({ lr: 0.1 }), loss = crossEntropy(), clip, augment,
      normalise, resident, freeze, seed = 0, init, rung, fuse: fused = true, choices = {}, keep,
    } = known("Session.open()", options, `${SHARED}, input, batches, rung, fuse, choices, keep`);
    opened(device);
    must("data", "a data set, awaited", data, !data || data.images);
    must("optimizer", "what sgd() or another gives", optimizer, optimizer.record);
    must("loss", "what crossEntropy() or another gives", loss, loss.check);
    for (const [name, f] of Object.entries({ clip, freeze, init }))
      must(name, "a function", f, !f || typeof f === "function");
    must("seed", `an integer from 0 to 2³² − 1, not ${seed}`, seed, seed === seed >>> 0);
    must("batches", "a list of batch sizes", batches, batches?.length);
    for (const batch of batches) positive("batch", batch);
    const most = Math.max(...batches), micro = Math.min(positive("microBatch", microBatch ?? most), most);
    const network = describe(net, input, device.adapter.limits.binding, freeze);
    if (!network.learned.length && [...network.params.values()].some((p) => p.frozen))
      throw new OptionError("all parameters are frozen: there is nothing to learn; leave the last layer free");
    must("microBatch", "for sessions with data; feed batches that fit", microBatch, micro === most || data);
    must("augment", "what augmentation() gives, for sessions with data", augment, !augment || data && augment.check);
    augment?.check(input);
    const levels = levelsOf(normalise, input[0], 255), target = { ...targetOf(device.adapter), rung };
    const session = new Session({
      device, network, batches, micro, optimizer, loss, clip, augment, normalise, resident, seed, target, fused,
      choices, keep,
    });
    try {
      const source = session.#source = data && session.source("training set", data, most, augment);
      session.#images = data?.size;
      await session.#prepare();
      session.#reader = new Reader(session.memory, session.ring);
      if (source) session.#found = upload(session.memory, source, data!, levels);
      if (data) checkData(session, data);
      initialise(session.memory, network, seed, init);
      return session;
    } catch (e) {
      session.destroy();
      if (data && resident === undefined && e instanceof OutOfMemoryError)
        return Session.open(net, { ...options, resident: false });
      throw e;
    }
  }

  /** The tensors of a data set, for steps of at most so many images. */
  source(name: string, data: Dataset, batch: number, augment?: Augmentation, resident = this.resident): Source {
    return sourceOf(name, data, { batch, limit: this.device.adapter.limits.binding, resident, augment });
  }

  /** Records the training programs, by the choices there are, and prepares them. */
  async #prepare(): Promise<void> {
    const { network, micro, batches } = this, source = this.#source;
    const programs = batches.map((batch) => this.#record(batch));
    for (const batch of batches)
      for (const n of [Math.min(batch, micro), batch % micro]) if (n) network.graph(n).graph.check();
    const lasting = outliving(this, source);
    const kept = [
      ...lasting, ...source ? [] : programs.flatMap(fed),
      ...this.keep ? [...new Set(programs.flatMap(this.keep).map(root))].map(single) : [],
    ];
    this.#added = await this.add(programs, kept, () => this.#largest(lasting));
    this.memoryUse = memoryUse(programs[0].steps, this.plan);
  }

  /**
   * Takes other rungs from the next step on. All that lives longer than a step stays where it is; what cannot be
   * prepared changes nothing.
   */
  async choose(choices: Choices): Promise<void> {
    const before = this.choices, { ready } = this.#added;
    if (JSON.stringify(choices) === JSON.stringify(before)) return;
    this.choices = choices;
    try { await this.#prepare(); } catch (e) { this.choices = before; throw e; }
    for (const { player } of ready) player.destroy();
  }

  /** The steps of a training step of the usual batch, by other choices: for measurements. */
  record(choice: Target["choice"] = () => undefined): readonly Step[] {
    return this.#record(this.batches[0], choice).steps;
  }

  #record(
    batch: number,
    choice: Target["choice"] = (key) => Object.hasOwn(this.choices, key) ? this.choices[key] : undefined,
  ): Program {
    return training({ ...this, batch, source: this.#source, target: { ...this.target, choice } });
  }

  /** The largest number of images at once, below what was asked for, whose plan this device can hold. */
  #largest(lasting: readonly Arena[]): number {
    let fits = 0, fails = this.micro;
    while (fails - fits > 1) {
      const middle = (fits + fails) >> 1;
      try {
        const program = this.#record(middle);
        fits = plan(
          [program.steps], [...lasting, ...this.#source ? [] : fed(program)], this.device.adapter.limits.binding,
        ) && middle;
      } catch (e) { if (!(e instanceof LimitError)) throw e; fails = middle; }
    }
    return fits;
  }

  /**
   * One optimizer step on the images with these indices, or on those that were fed, of which only the number counts:
   * one write, one pass, one submit; returns at once. With `read`, gives the ring once the GPU has it: row s % 128, of
   * step s from 0, has Σ loss, Σ hits, images, and how many losses are not finite.
   */
  step(order: Uint32Array, lr: number = this.optimizer.lr, read = false): Promise<Float32Array> | undefined {
    const { player } = this.#of(order.length);
    if (order.some((i) => i >= this.#images!)) throw new OptionError(`the data has ${this.#images} images`);
    this.writeControl(this.#found(order), lr, this.steps % RING, this.steps);
    let fetch: (() => Promise<Float32Array>) | undefined;
    player.play((encoder) => { if (read) fetch = this.#reader.copy(encoder); });
    this.steps++;
    return fetch?.();
  }

  /** The ring's rows, without a step. */
  fetch(): Promise<Float32Array> {
    const encoder = this.device.gpu.createCommandEncoder({ label: "fetch losses" });
    const fetch = this.#reader.copy(encoder);
    this.device.gpu.queue.submit([encoder.finish()]);
    return fetch();
  }

  /** Queues Clock and indices, in one write. */
  writeControl(order: Uint32Array, lr: number, row: number, step: number): void {
    this.#words.set([step, this.seed, row]);
    this.#floats[3] = lr;
    for (const [i, part] of this.control.orders.entries())
      this.#words.set(order.subarray(i * this.micro, i * this.micro + part.size), this.control.parts.get(part)!);
    this.memory.write(this.control.whole, this.#words);
  }

  /**
   * Queues images [N, H, W, C] and a label for each for the next step, in a session without `data`. Throws a ShapeError
   * unless they fit.
   */
  feed(images: Float32Array<ArrayBuffer>, labels: Uint32Array<ArrayBuffer>): void {
    const { program: { x, labels: own } } = this.#of(labels.length);
    if (!(images instanceof Float32Array && labels instanceof Uint32Array && images.length === x.size))
      throw new ShapeError(`${images.length} numbers are not ${labels.length} images of [${this.network.input}], `
        + "a Float32Array with a Uint32Array of labels");
    checkLabels(this, labels);
    this.memory.write(x, images);
    this.memory.write(own, labels);
  }

  #of(images: number): Ready {  // plays a step of so many
    const ready = this.#added.of(images);
    if (ready) return ready;
    throw new OptionError(`this session steps in batches of ${this.batches.join(" or ")}, not ${images}`,
      { batches: this.batches, got: images });
  }

  /** Parameters and running statistics: see Run.weights(). */
  weights(): Promise<StateDict> { return readWeights(this.memory, this.network); }

  /** Replaces them: see Run.load(). */
  load(weights: StateDict, options?: { strict?: boolean }): LoadReport {
    return writeWeights(this.memory, this.network, weights, options);
  }

  /** [C, H, W] of the images it trains on, if they are a data set's. */
  get shape(): Shape | undefined { return this.#source?.shape; }

  /** The training programs, the usual batch size first. */
  get programs(): readonly Program[] { return this.ready.map((r) => r.program); }
  /** They and what plays them, for profilers. */
  get ready(): readonly Ready[] { return this.#added.ready; }

  /** Frees its buffers; the device stays open. */
  destroy(): void {
    for (const { player } of this.#added?.ready ?? []) player.destroy();
    this.#reader?.destroy();
    this.memory.destroy();
  }
}

/** What the host writes for a step whose images it uploads. */
const fed = ({ x, labels }: Program): Arena[] => [single(x), single(labels)];
