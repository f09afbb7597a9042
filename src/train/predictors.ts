import { resizeImages } from "../data/resize.js";
import { Predictor, type Activation, type Images, type Prediction } from "./predict.js";
import type { Session } from "./session.js";

/** The predictors of a session, each made when it is first asked for. Images are [N, C, H, W] of `shape`, and resized where the network wants another size. */
export class Predictors {
  readonly #opened = new Map<string, Promise<Predictor>>();

  constructor(readonly session: Session, readonly shape: readonly [C: number, H: number, W: number]) {}

  async predict(images: Images): Promise<Prediction[]> {
    return (await this.#open(Math.min(64, this.session.micro))).predict(this.#sized(images));
  }

  async activations(image: Images, only?: number): Promise<Activation[]> {
    if (only !== undefined && !this.session.programs[0].graph.nodes[only]) return [];
    return (await this.#open(1, only ?? "all")).activations(this.#sized(image), only);
  }

  #sized(images: Images): Images {
    const { shape } = this, [, P, Q] = this.session.network.input;
    if (shape[1] === P && shape[2] === Q) return images;
    return resizeImages(images instanceof Uint8Array ? Float32Array.from(images, (byte) => byte / 255) : images, shape, [P, Q]);
  }

  #open(batch: number, watch?: number | "all"): Promise<Predictor> {
    const key = `${batch} ${watch}`, open = this.#opened.get(key) ?? Predictor.open(this.session, batch, watch);
    this.#opened.set(key, open);
    return open;
  }

  destroy(): void { for (const open of this.#opened.values()) void open.then((p) => p.destroy(), () => {}); }
}
