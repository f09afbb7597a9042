import { LimitError, OptionError, OutOfMemoryError } from "../errors.js";
import type { Dataset } from "../data/dataset.js";
import type { Augmentation } from "../data/augment.js";
import { levelsOf, type Normalise, type Preparation } from "../data/prepare.js";
import type { Part } from "../graph.js";
import { targetOf, type Device } from "../gpu/device.js";
import { Memory, Reader } from "../gpu/memory.js";
import { Player } from "../gpu/player.js";
import { root, tensor, type Shape, type Step, type Target, type Tensor } from "../gpu/recorder.js";
import type { Init } from "../layers/init.js";
import { positive } from "../layers/layer.js";
import { crossEntropy } from "../losses/crossEntropy.js";
import type { Loss } from "../losses/loss.js";
import type { Clip } from "../optimizers/clip.js";
import { sgd } from "../optimizers/sgd.js";
import type { Optimizer } from "../optimizers/optimizer.js";
import { memoryUse, plan, single, type Arena, type MemoryUse, type Plan } from "../plan.js";
import { control, describe, RING, training, type Control, type Network, type Program } from "./network.js";
import { lastingOf, sourceOf, upload, type Source } from "./source.js";
import type { Choices } from "../tune/choices.js";
import { initialise } from "./weights.js";

/** What a session is opened with: all that train() decides but the loop. */
export interface SessionOptions extends Preparation {
  device: Device;
  /** [channels, height, width] of an image. */
  input: Shape;
  /** Batch sizes that steps will have, the usual one first. */
  batches: readonly number[];
  /** Images that run at once, at most: a larger batch takes several passes, whose gradients are summed. Needs `data`. Default: all. */
  microBatch?: number;
  /** Images that steps choose from by index; they are put on the GPU. Without it, each step uploads its own. */
  data?: Dataset;
  optimizer?: Optimizer;
  loss?: Loss;
  /** What is done to the gradients before the update: clipNorm(1) scales them down where their norm, of all together, is above 1. Default: nothing. */
  clip?: Clip;
  /** Parameters that stay as they are, by state_dict name; what freeze() says of parts. */
  freeze?: (name: string) => boolean;
  /** Default 0. */
  seed?: number;
  /** First values of weights with two axes or more; default each layer's own. */
  init?: Init;
  /** A rung to take wherever it fits ("plain", "direct", …), for tests and benchmarks. */
  rung?: string;
  /** Rungs that training steps take, by tune(). Default: the first that fits. */
  choices?: Choices;
  /** False keeps every layer a kernel of its own, which gives the same bits. Default true. */
  fuse?: boolean;
  /** Tensors of a step that keep memory of their own, to be read after it; others may be overwritten by then. */
  keep?: (program: Program) => readonly Tensor[];
}

export interface Ready<P = Program> { readonly program: P; readonly player: Player }
/** What Session.add() has made, and what frees it. */
export interface Added<P = Program> { readonly ready: readonly Ready<P>[]; undo(): void }
/** What the host writes for a step whose images it uploads. */
const fed = ({ x, labels }: Program): Arena[] => [single(x), single(labels)];

/**
 * A network with memory on a device, ready to train: everything is recorded, planned, compiled and bound, so that a step
 * writes a few bytes and submits once. train() drives one; drive it yourself for a loop of your own.
 */
export class Session {
  /** Optimizer steps taken. */
  steps = 0;
  readonly control: Control;
  /** What is done to images: normalised always, changed by `augment` in training steps. */
  readonly normalise?: Normalise;
  readonly resident?: boolean;
  readonly ring = tensor("ring", [RING, 4]);
  readonly memory: Memory;
  plan: Plan = { places: new Map(), buffers: [], slots: [] };
  /** What a training step's short-lived tensors take. */
  memoryUse: MemoryUse = { slots: 0, bound: 0, sum: 0 };
  readonly states: readonly Readonly<Record<string, Tensor>>[];
  /** Rungs of the training steps, and of them alone: evaluation takes the first that fits. */
  choices: Choices = {};
  #added!: Added;
  #adding: Promise<unknown> = Promise.resolve();
  #source?: Source;
  #keep: SessionOptions["keep"];
  #reader!: Reader;
  #found = (order: Uint32Array) => order;  // where a step finds its images
  readonly #words: Uint32Array<ArrayBuffer>;
  readonly #floats: Float32Array<ArrayBuffer>;

  private constructor(
    readonly device: Device, readonly network: Network, readonly batches: readonly number[], readonly micro: number, { normalise, resident }: Preparation,
    readonly optimizer: Optimizer, readonly loss: Loss, readonly seed: number, readonly target: Target, readonly fused: boolean, readonly clip?: Clip, readonly augment?: Augmentation,
  ) {
    this.normalise = normalise;
    this.resident = resident;
    this.memory = new Memory(device);
    this.control = control(batches[0], micro);
    this.#words = new Uint32Array(this.control.whole.size);
    this.#floats = new Float32Array(this.#words.buffer);
    this.states = network.learned.map(({ whole }) => Object.fromEntries(optimizer.states.map((name) => [name, tensor(`${name} of ${whole.name}`, [whole.size])])));
  }

  /** Records and plans a training, makes its buffers, compiles its kernels. Throws a LimitError that names the largest batch that fits. */
  static async open(net: Part, options: SessionOptions): Promise<Session> {
    const { device, input, batches, microBatch = batches[0], data, optimizer = sgd({ lr: 0.1 }), loss = crossEntropy(), clip, augment, freeze, seed = 0, init, rung, fuse = true, choices = {}, keep } = options;
    const micro = Math.min(positive("microBatch", microBatch), batches[0]), network = describe(net, input, device.adapter.limits.binding, freeze);
    if (micro < batches[0] && !data) throw new OptionError("microBatch is for sessions with data; feed batches that fit", { microBatch });
    if (augment && !(data && augment.check)) throw new OptionError("augment is what augmentation() gives, for sessions with data", { augment });
    augment?.check(input);
    const levels = levelsOf(options.normalise, input[0], 255), session = new Session(device, network, batches, micro, options, optimizer, loss, seed, { ...targetOf(device.adapter), rung }, fuse, clip, augment);
    try {
      const source = data && session.source("training set", data, batches[0], session.augment);
      [session.#source, session.#keep, session.choices] = [source, keep, choices];
      await session.#prepare();
      session.#reader = new Reader(session.memory, session.ring);
      if (source) session.#found = upload(session.memory, source, data!, levels);
      initialise(session.memory, network, seed, init);
      return session;
    } catch (e) {
      session.destroy();
      if (data && options.resident === undefined && e instanceof OutOfMemoryError) return Session.open(net, { ...options, resident: false });
      throw e;
    }
  }

  /** The tensors of a data set, for steps of at most so many images. */
  source(name: string, data: Dataset, batch: number, augment?: Augmentation, resident = this.resident): Source {
    return sourceOf(name, data, { batch, limit: this.device.adapter.limits.binding, resident, augment });
  }

  /**
   * Plans further programs into the memory there is, makes what is missing, and prepares them for playing: one call at a time, for each plan
   * goes on from the last. `undo` frees it again, but for buffers that a later call counts on; so does a failure.
   */
  add<P extends Pick<Program, "label" | "steps">>(programs: readonly P[], kept: readonly Arena[], largest: () => number): Promise<Added<P>> {
    const adding = this.#adding.then(async () => {
      const ready: Ready<P>[] = [], before = this.plan;
      let after: Plan;
      const undo = () => {
        for (const { player } of ready) player.destroy();
        if (this.plan === after) this.memory.shrink(this.plan = before);
      };
      try {
        after = plan(programs.map((p) => p.steps), kept, this.device.adapter.limits.binding, before);
        await this.memory.grow(after);
        this.plan = after;
        for (const program of programs) ready.push({ program, player: await Player.prepare(this.memory, program.label, program.steps) });
        return { ready, undo };
      } catch (e) {
        undo();
        if (!(e instanceof LimitError)) throw e;
        const fits = largest();
        throw new LimitError(`${e.message}; ${fits ? `the largest batch that fits is ${fits}; microBatch takes a larger one in parts` : "no batch fits: use a smaller input, fewer channels, or another adapter"}`, { ...e.details, largestBatch: fits }, e);
      }
    });
    this.#adding = adding.catch(() => {});
    return adding;
  }

  /** Records the training programs, by the choices there are, and prepares them. */
  async #prepare(): Promise<void> {
    const { network, micro, batches } = this, source = this.#source, programs = batches.map((batch) => this.#record(batch));
    for (const batch of batches) for (const n of [Math.min(batch, micro), batch % micro]) if (n) network.graph(n).graph.check();
    const lasting = [this.control, single(this.ring), ...source ? lastingOf(source) : [], ...network.learned, ...network.gradients, ...micro < batches[0] ? network.further : [], ...network.others, ...this.states.flatMap((s) => Object.values(s).map(single))];
    const kept = [...lasting, ...source ? [] : programs.flatMap(fed), ...this.#keep ? [...new Set(programs.flatMap(this.#keep).map(root))].map(single) : []];
    this.#added = await this.add(programs, kept, () => this.#largest(lasting));
    this.memoryUse = memoryUse(programs[0].steps, this.plan);
  }

  /** Takes other rungs from the next step on. All that lives longer than a step stays where it is; what cannot be prepared changes nothing. */
  async choose(choices: Choices): Promise<void> {
    const before = this.choices, { ready } = this.#added;
    if (JSON.stringify(choices) === JSON.stringify(before)) return;
    this.choices = choices;
    try { await this.#prepare(); } catch (e) { this.choices = before; throw e; }
    for (const { player } of ready) player.destroy();
  }

  /** The steps of a training step of the usual batch, by other choices: for measurements. */
  record(choice?: Target["choice"]): readonly Step[] { return this.#record(this.batches[0], choice ?? (() => undefined)).steps; }

  #record(batch: number, choice: Target["choice"] = (key) => Object.hasOwn(this.choices, key) ? this.choices[key] : undefined): Program {
    const { network, micro, loss, control, ring, optimizer, clip, states, fused } = this;
    return training({ network, batch, micro, loss, control, ring, source: this.#source, target: { ...this.target, choice }, optimizer, clip, states, fused });
  }

  /** The largest number of images at once, below what was asked for, whose plan this device can hold. */
  #largest(lasting: readonly Arena[]): number {
    let fits = 0, fails = this.micro;
    while (fails - fits > 1) {
      const middle = (fits + fails) >> 1;
      try {
        const program = this.#record(middle);
        fits = plan([program.steps], [...lasting, ...this.#source ? [] : fed(program)], this.device.adapter.limits.binding) && middle;
      } catch (e) { if (!(e instanceof LimitError)) throw e; fails = middle; }
    }
    return fits;
  }

  /**
   * One optimizer step on the images with these indices: one write, one pass, one submit; returns at once.
   * With `read`, gives the ring's rows (Σ loss, Σ hits, images, losses that are no numbers) once the GPU has them.
   */
  step(order: Uint32Array, lr: number = this.optimizer.lr, read = false): Promise<Float32Array> | undefined {
    const ready = this.ready.find(({ program }) => program.batch === order.length);
    if (!ready) throw new OptionError(`this session steps in batches of ${this.batches.join(" or ")}, not ${order.length}`, { batches: this.batches, got: order.length });
    this.writeControl(this.#found(order), lr, this.steps % RING, this.steps);
    let fetch: (() => Promise<Float32Array>) | undefined;
    ready.player.play(read ? (encoder) => { fetch = this.#reader.copy(encoder); } : undefined);
    this.steps++;
    return fetch?.();
  }

  /** The ring's rows, without a step. */
  fetch(): Promise<Float32Array> {
    const encoder = this.device.gpu.createCommandEncoder({ label: "fetch losses" }), fetch = this.#reader.copy(encoder);
    this.device.gpu.queue.submit([encoder.finish()]);
    return fetch();
  }

  /** Queues Clock and indices, in one write. */
  writeControl(order: Uint32Array, lr: number, row: number, step: number): void {
    this.#words[0] = step;
    this.#words[1] = this.seed;
    this.#words[2] = row;
    this.#floats[3] = lr;
    for (const [i, part] of this.control.orders.entries()) this.#words.set(order.subarray(i * this.micro, i * this.micro + part.size), this.control.parts.get(part)!);
    this.memory.write(this.control.whole, this.#words);
  }

  /** Queues images [N, H, W, C] and labels for the next step, in a session without `data`. */
  feed(images: Float32Array<ArrayBuffer>, labels: Uint32Array<ArrayBuffer>): void {
    const { program } = this.ready.find(({ program: p }) => p.batch === labels.length) ?? this.ready[0];
    this.memory.write(program.x, images);
    this.memory.write(program.labels, labels);
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
