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

/** The names of the first half of SessionOptions. */
export const SHARED =
  "device, data, microBatch, optimizer, loss, clip, freeze, seed, init, normalise, augment, resident";

/** What a session is opened with. The first half is what train() takes, too. */
export interface SessionOptions extends Preparation {
  device: Device;
  /**
   * Images that run through the network at once, at most; a step of a larger batch takes several passes and sums their
   * gradients: the result of one pass up to rounding, in the memory of a part. Batch normalisation sees a part at a
   * time, as in PyTorch. Needs `data`. Default: all.
   */
  microBatch?: number;
  /** Default sgd({ lr: 0.1 }). */
  optimizer?: Optimizer;
  /** Default crossEntropy(). */
  loss?: Loss;
  /**
   * What is done to the gradients before the update: clipNorm(1) scales them down where their norm, of all together, is
   * above 1. Default: nothing.
   */
  clip?: Clip;
  /**
   * Parameters that stay as they are, by state_dict name: `(name) => !name.startsWith("7.")` trains ResNet's last layer
   * alone. See freeze().
   */
  freeze?: (name: string) => boolean;
  /** Decides first values, order of images, and all else that is random. An integer from 0 to 2³² − 1; default 0. */
  seed?: number;
  /** First values of weights with two axes or more (xavierUniform, …). Default each layer's own. */
  init?: Init;

  /** [channels, height, width] of an image. */
  input: Shape;
  /** Batch sizes that steps will have, the usual one first. */
  batches: readonly number[];
  /** Images that steps choose from by index; they are put on the GPU. Without it, each step uploads its own. */
  data?: Dataset;
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
