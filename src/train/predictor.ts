import { levelsOf, type Preparation } from "../data/prepare.js";
import { resizeImages } from "../data/resize.js";
import { FormatError, LimitError, ShapeError } from "../errors.js";
import { targetOf, type Device } from "../gpu/device.js";
import { elements, type Shape } from "../gpu/recorder.js";
import type { Part } from "../graph.js";
import { toNchw } from "../layout.js";
import { known, opened, positive } from "../options.js";
import { Home } from "./home.js";
import { Inference, type Activation, type Images, type Prediction, type Resident } from "./inference.js";
import { describe } from "./network.js";
import { writeWeights, type LoadReport, type StateDict } from "./weights.js";

/** What predictor() takes beside the network. */
export interface PredictorOptions extends Pick<Preparation, "normalise"> {
  device: Device;
  /** [channels, height, width] of the images that it will get. */
  input: Shape;
  /** All parameters and running statistics: stateDict(bytes) of a file of run.save(), or of PyTorch. */
  weights: StateDict;
  /** Height and width that images are resized to, as in train(). Default: as they are. */
  resize?: number;
  /**
   * Images that run at once; fewer where the adapter cannot bind what so many take. A call with fewer takes as long, so
   * for one image at a time give 1. Default 64.
   */
  batch?: number;
}

/**
 * A network that answers. Images are [N, C, H, W] of `shape`, and resized where the network wants another size. What
 * plays each kind of answer is made when it is first asked for.
 */
export class Predictor {
  readonly #opened = new Map<string, Promise<Inference>>();

  /** `home` is a run's session, or what predictor() has made; images run by so many at once. */
  constructor(readonly home: Resident, readonly shape: Shape, readonly batch: number) {}

  /** Classes and probabilities of images [N, C, H, W], any number: bytes, or numbers from 0 to 1. */
  async predict(images: Images): Promise<Prediction[]> {
    return (await this.#open(this.batch)).predict(this.#sized(images));
  }

  /** What the network itself answers, [N, outputs], before any softmax. */
  async logits(images: Images): Promise<Float32Array<ArrayBuffer>> {
    return (await this.#open(this.batch)).logits(this.#sized(images));
  }

  /** What every layer makes of one image [1, C, H, W]; or one layer alone, by its number in summary().layers. */
  async activations(image: Images, only?: number): Promise<Activation[]> {
    if (only !== undefined && !this.home.network.graph(1).graph.nodes[only]) return [];
    return (await this.#open(1, only ?? "all")).activations(this.#sized(image, 1), only);
  }

  /**
   * Numbers from 0 to 1, as large as the network wants them. Throws unless there are as many as whole images, or as
   * `count` images, have.
   */
  #sized(images: Images, count?: number): Float32Array {
    const { shape } = this, [C, H, W] = shape, [, P, Q] = this.home.network.input;
    if ("images" in Object(images)) {
      const set = images as Exclude<Images, ArrayLike<number>>;
      if (`${set.shape}` !== `${shape}`)
        throw new ShapeError(`images of [${set.shape}] instead of [${shape}]`, { got: set.shape, want: shape });
      return this.#sized(toNchw(Float32Array.from(set.images, (byte) => byte / 255), [set.size, H, W, C]), count);
    }
    const bytes = images instanceof Uint8Array || images instanceof Uint8ClampedArray;
    if (!bytes && !(images instanceof Float32Array))
      throw new FormatError("images are bytes in a Uint8Array or numbers from 0 to 1 in a Float32Array");
    if (count ? images.length !== count * elements(shape) : images.length % elements(shape)) throw new ShapeError(
      `${images.length} numbers are ${count ? "not one image" : "no whole number of images"} of [${shape.join(", ")}]`,
      { got: images.length, image: shape },
    );
    const values = bytes ? Float32Array.from(images, (byte) => byte / 255) : images;
    return shape[1] === P && shape[2] === Q ? values : resizeImages(values, shape, [P, Q]);
  }

  #open(batch: number, watch?: number | "all"): Promise<Inference> {
    const key = `${batch} ${watch}`, open = this.#opened.get(key) ?? Inference.open(this.home, batch, watch);
    this.#opened.set(key, open);
    open.catch(() => this.#opened.delete(key));
    return open;
  }

  /** Other weights from the next call on: see Run.load(). */
  load(weights: StateDict, options?: { strict?: boolean }): LoadReport {
    return writeWeights(this.home.memory, this.home.network, weights, options);
  }

  /** Frees what it holds on the device, which stays open. */
  destroy(): void {
    for (const open of this.#opened.values()) void open.then((p) => p.destroy(), () => {});
    this.home.memory.destroy();
  }
}

/**
 * A trained network that answers, and no more: it has neither data nor gradients nor optimizer on the device, and its
 * weights stay there from one call to the next.
 *
 *     const net = await predictor(lenet(), { device, input: [1, 28, 28], weights: stateDict(bytes) });
 *     const [{ label, probabilities }] = await net.predict(pixels);
 *
 * Throws a FormatError where the weights are another network's, a LimitError where not even one image fits.
 */
export async function predictor(net: Part, options: PredictorOptions): Promise<Predictor> {
  const { device, input, weights, resize, batch = 64, normalise } =
    known("predictor()", options, "device, input, weights, resize, batch, normalise");
  opened(device);
  const { binding } = device.adapter.limits;
  const network = describe(net, resize === undefined ? input : [input[0], resize, resize], binding);
  levelsOf(normalise, input[0], 1);
  const target = targetOf(device.adapter);
  const home = Object.assign(new Home(device), { network, target, fused: true, normalise });
  try {
    await home.add([], [...network.learned, ...network.others], () => 0);
    writeWeights(home.memory, network, weights);
    for (let n = positive("batch", batch); ; n = Math.ceil(n / 2)) try {
      const made = new Predictor(home, input, n);
      await made.logits(new Float32Array());  // compiles what plays
      return made;
    } catch (e) { if (!(e instanceof LimitError) || n === 1) throw e; }
  } catch (e) {
    home.memory.destroy();
    throw e;
  }
}
