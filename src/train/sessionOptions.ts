import type { Dataset } from "../data/dataset.js";
import type { Preparation } from "../data/prepare.js";
import type { Device } from "../gpu/device.js";
import type { Shape, Tensor } from "../gpu/recorder.js";
import type { Init } from "../layers/init.js";
import type { Loss } from "../losses/loss.js";
import type { Clip } from "../optimizers/clip.js";
import type { Optimizer } from "../optimizers/optimizer.js";
import type { Choices } from "../tune/choices.js";
import type { Program } from "./programs.js";

/** What a session is opened with: all that train() decides but the loop. */
export interface SessionOptions extends Preparation {
  device: Device;
  /** [channels, height, width] of an image. */
  input: Shape;
  /** Batch sizes that steps will have, the usual one first. */
  batches: readonly number[];
  /**
   * Images that run at once, at most: a larger batch takes several passes, whose gradients are summed. Needs `data`.
   * Default: all.
   */
  microBatch?: number;
  /** Images that steps choose from by index; they are put on the GPU. Without it, each step uploads its own. */
  data?: Dataset;
  /** Default sgd({ lr: 0.1 }). */
  optimizer?: Optimizer;
  /** Default crossEntropy(). */
  loss?: Loss;
  /**
   * What is done to the gradients before the update: clipNorm(1) scales them down where their norm, of all together, is
   * above 1. Default: nothing.
   */
  clip?: Clip;
  /** Parameters that stay as they are, by state_dict name; what freeze() says of parts. */
  freeze?: (name: string) => boolean;
  /** Default 0. */
  seed?: number;
  /** First values of weights with two axes or more; default each layer's own. */
  init?: Init;
  /** A rung to take wherever it fits ("plain", "direct", …), for tests and benchmarks. */
  rung?: string;
  /** Rungs of the training steps by key, as tune() returns them. Default: the first that fits. */
  choices?: Choices;
  /**
   * False keeps every layer a kernel of its own. The bits are the same, but for batch norms in evaluation and frozen
   * ones, which are otherwise folded into the layer in front. Default true.
   */
  fuse?: boolean;
  /** Tensors of a step that keep memory of their own, to be read after it; others may be overwritten by then. */
  keep?: (program: Program) => readonly Tensor[];
}
