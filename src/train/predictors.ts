import { resizeImages } from "../data/resize.js";
import { FormatError, ShapeError } from "../errors.js";
import { elements } from "../gpu/recorder.js";
import { Predictor, type Activation, type Images, type Prediction } from "./predict.js";
import type { Session } from "./session.js";

/**
 * The predictors of a session, each made when it is first asked for. Images are [N, C, H, W] of `shape`, and resized
 * where the network wants another size.
 */
export class Predictors {
  readonly #opened = new Map<string, Promise<Predictor>>();

  constructor(readonly session: Session, readonly shape: readonly [C: number, H: number, W: number]) {}

  async predict(images: Images): Promise<Prediction[]> {
    return (await this.#open(Math.min(64, this.session.micro))).predict(this.#sized(images));
  }

  async activations(image: Images, only?: number): Promise<Activation[]> {
    if (only !== undefined && !this.session.programs[0].graph.nodes[only]) return [];
    return (await this.#open(1, only ?? "all")).activations(this.#sized(image, 1), only);
  }

  /**
   * Numbers from 0 to 1, as large as the network wants them. Throws unless there are as many as whole images, or as
   * `count` images, have.
   */
  #sized(images: Images, count?: number): Float32Array {
    const { shape } = this, [, P, Q] = this.session.network.input;
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

  #open(batch: number, watch?: number | "all"): Promise<Predictor> {
    const key = `${batch} ${watch}`, open = this.#opened.get(key) ?? Predictor.open(this.session, batch, watch);
    this.#opened.set(key, open);
    open.catch(() => this.#opened.delete(key));
    return open;
  }

  destroy(): void { for (const open of this.#opened.values()) void open.then((p) => p.destroy(), () => {}); }
}
