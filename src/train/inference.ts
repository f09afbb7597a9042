import { NonFiniteError } from "../errors.js";
import type { Dataset } from "../data/dataset.js";
import { levelsOf } from "../data/prepare.js";
import type { Player } from "../gpu/player.js";
import { elements, root } from "../gpu/recorder.js";
import { channelsFirst } from "../layers/layer.js";
import { toNchw, toNhwc } from "../layout.js";
import { single } from "../plan.js";
import type { Home } from "./home.js";
import { inference, type Program } from "./programs.js";
import type { Session } from "./session.js";

/**
 * [N, C, H, W] pixels: bytes, or numbers from 0 to 1 (bytes / 255). Or a data set, whose images are [N, H, W, C]. They
 * are normalised as in training.
 */
export type Images = Uint8Array | Uint8ClampedArray | Float32Array | Pick<Dataset, "images" | "shape" | "size">;

/** What a network makes of one image. */
export interface Prediction {
  /** The most probable class. */
  readonly label: number;
  /** One for each class; they sum to 1, unless the loss (meanSquaredError) compares answers as they are. */
  readonly probabilities: Float32Array;
}

/** What one layer gives for one image. */
export interface Activation {
  /** Path and kind of the layer: "3", "maxPool2d". */
  readonly path: string;
  readonly layer: string;
  /** [N, C, H, W] or [N, features]. */
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A network that lies on a device: a session's or, where nothing is trained, a predictor's own. */
export type Resident = Home & Pick<Session, "network" | "target" | "fused" | "normalise"> & {
  readonly loss?: Session["loss"];
};

/**
 * The forward pass alone, on images from outside. With `watch`, the output of one layer, by its number, or of every
 * layer keeps memory of its own and can be looked at.
 */
export class Inference {
  private constructor(
    readonly home: Resident, readonly program: Pick<Program, "x" | "logits" | "graph" | "batch">,
    readonly player: Player,
  ) {}

  static async open(home: Resident, batch: number, watch?: number | "all"): Promise<Inference> {
    const program = inference(
      home.network, batch, home.target, home.fused && watch !== "all", watch === "all" ? undefined : watch,
    );
    const { graph: { nodes }, x, logits } = program;
    const outputs = watch === undefined ? [logits] : watch === "all" ? nodes.map(({ y }) => y) : [nodes[watch].y];
    const kept = [...new Set([x, ...outputs.map(root)])].map(single);
    const { ready: [{ player }] } = await home.add([program], kept, () => 0);
    return new Inference(home, program, player);
  }

  /** Any number of images; they run in batches. */
  async predict(images: Float32Array): Promise<Prediction[]> {
    const values = await this.logits(images), classes = this.program.logits.size / this.program.batch;
    const strange = values.findIndex((v) => !Number.isFinite(v));
    if (strange >= 0) throw new NonFiniteError(
      `the network's output for image ${Math.floor(strange / classes)} is NaN or infinite; `
        + "its weights have diverged, or the image has NaN",
    );
    return Array.from({ length: values.length / classes }, (_, i) => {
      const own = values.subarray(i * classes, (i + 1) * classes), largest = Math.max(...own);
      return { label: own.indexOf(largest), probabilities: this.home.loss?.raw ? own : softmax(own, largest) };
    });
  }

  /** What the network itself answers, [N, classes], before any softmax. */
  async logits(images: Float32Array): Promise<Float32Array<ArrayBuffer>> {
    const { logits, batch } = this.program, size = elements(this.home.network.input), classes = logits.size / batch;
    const count = images.length / size, all = new Float32Array(count * classes);
    for (let from = 0; from < count; from += batch) {
      const n = Math.min(batch, count - from);
      this.#feed(images.subarray(from * size, (from + n) * size), n);
      all.set((await this.home.memory.read(logits)).subarray(0, n * classes), from * classes);
    }
    return all;
  }

  /** Outputs of all layers, or of one by its number, for at most `batch` images; needs `watch`. */
  async activations(images: Float32Array, only?: number): Promise<Activation[]> {
    const { graph, batch } = this.program;
    const n = Math.min(batch, images.length / elements(this.home.network.input));
    this.#feed(images, n);
    return Promise.all(graph.nodes.filter((_, i) => i === (only ?? i)).map(async ({ path, layer, y }) => {
      const values = toNchw(await this.home.memory.read(y), y.shape, y.features);
      const shape = channelsFirst([n, ...y.shape.slice(1)]);
      return { path, layer: layer.name, shape, data: values.subarray(0, elements(shape)) };
    }));
  }

  #feed(images: Float32Array, n: number): void {
    const { x } = this.program, [, H, W, C] = x.shape;
    const values = toNhwc(Float32Array.from(images), [n, H, W, C]);
    const levels = levelsOf(this.home.normalise, C, 1);
    if (this.home.normalise)
      for (let i = 0; i < values.length; i++)
        values[i] = values[i] * levels[2 * (i % C)] + levels[2 * (i % C) + 1];
    this.home.memory.write(x, values);
    this.player.play();
  }

  destroy(): void { this.player.destroy(); }
}

function softmax(logits: Float32Array, largest: number): Float32Array {
  const powers = logits.map((v) => Math.exp(v - largest)), sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((p) => p / sum);
}
