import { OptionError } from "../errors.js";
import type { Dataset, Split } from "../data/dataset.js";
import type { Preparation } from "../data/prepare.js";
import type { Part } from "../graph.js";
import type { Device } from "../gpu/device.js";
import type { Init } from "../layers/init.js";
import { positive } from "../layers/layer.js";
import type { Loss } from "../losses/loss.js";
import type { Clip } from "../optimizers/clip.js";
import type { Optimizer } from "../optimizers/optimizer.js";
import { isChoices, readChoices, type Choices } from "../tune/choices.js";
import { Tuning } from "../tune/tuning.js";
import { known } from "../options.js";
import { checkEarlyStopping } from "./earlyStopping.js";
import type { RunOptions } from "./progress.js";
import { Run } from "./run.js";
import { Session } from "./session.js";
import { checkData, Evaluator } from "./evaluate.js";

/** What train() takes beside the network. */
export interface TrainOptions extends RunOptions, Preparation {
  device: Device;
  /**
   * A data set, or a split of one into training and test images: accuracy on the test images is measured after each
   * epoch.
   */
  data: Dataset | Pick<Split, "train"> & Partial<Split>;
  /**
   * Height and width that images are resized to on the GPU, bilinear as PyTorch's interpolate(align_corners=False).
   * Default: as they are.
   */
  resize?: number;
  /** Images a step. The last step of an epoch takes what is left. Default 64. */
  batch?: number;
  /**
   * Images that run through the network at once, at most; a step of a larger batch takes several passes and sums their
   * gradients: the result of one pass up to rounding, in the memory of a part. Batch normalisation sees a part at a
   * time, as in PyTorch. Default: all.
   */
  microBatch?: number;
  /** Passes over the training images. Default 10. */
  epochs?: number;
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
  /**
   * Which rung of its ladder each operator of a training step takes. A table of tune(), or true: what was measured on
   * this adapter before and, for the rest, what is measured between the steps, at most half of the time, while they
   * take the first rung that fits; then the run switches to the fastest, once. False: the first that fits, always. The
   * choice is part of the bits, and of run.save(). Default: true on a GPU, false on a software adapter.
   */
  tune?: boolean | Choices;
}

const NAMES = "device, data, resize, batch, microBatch, epochs, optimizer, loss, clip, freeze, seed, init, tune, "
  + "schedule, earlyStopping, keepBest, onProgress, onEpochEnd, normalise, augment, resident";

/**
 * Prepares a network for training: records, plans, compiles, uploads. Nothing is trained until the run is iterated:
 *
 *     const run = await train(net, { device, data: await fashionMnist(), epochs: 10 });
 *     for await (const e of run) console.log(e.epoch, e.loss, e.accuracy);
 *
 * Throws a ShapeError, LimitError (naming the largest batch that fits), OutOfMemoryError or OptionError before anything
 * runs.
 */
export async function train(net: Part, options: TrainOptions): Promise<Run> {
  const {
    device, data: given, resize, batch = 64, epochs = 10, optimizer, loss, earlyStopping, clip, freeze, seed = 0,
    tune = !device?.adapter?.software,
  } = known("train()", options, NAMES);
  const split = given as Partial<Split> | undefined;
  const { train: data, test }: Pick<Split, "train"> & Partial<Split> = split?.train
    ? split as Split : { train: given as Dataset };
  for (const [name, wanted, ok] of [
    ["device", "what openDevice() gives, awaited", device?.gpu],
    ["data", "a data set or { train, test }, awaited", data?.images],
    ["optimizer", "what sgd() or another gives", !optimizer || optimizer.record],
    ["loss", "what crossEntropy() or another gives", !loss || loss.check],
    ["tune", "true, false or a table of tune()", typeof tune === "boolean" || isChoices(tune)],
    ...Object.entries({ clip, freeze, schedule: options.schedule })
      .map(([name, f]) => [name, "a function", !f || typeof f === "function"] as const),
  ] as const) if (!ok) throw new OptionError(`${name} is ${wanted}`, { [name]: options[name as keyof TrainOptions] });
  for (const [name, value] of Object.entries({ batch, epochs, resize: resize ?? 1 })) positive(name, value);
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32)
    throw new OptionError(`seed is an integer from 0 to 2³² − 1, not ${seed}`, { seed });
  if (!data.size) throw new OptionError("the training set is empty");
  if (earlyStopping) checkEarlyStopping(earlyStopping);
  const full = Math.min(batch, data.size), tail = data.size % full;
  const choices = tune === true ? await readChoices(device) : tune || {};
  const session = await Session.open(net, {
    ...options, data, choices, input: resize ? [data.shape[0], resize, resize] : data.shape,
    batches: [full, ...tail ? [tail] : []],
  });
  try {
    checkData(data, session.programs[0].logits.shape[1]);
    return new Run(
      session, data, epochs, test?.size ? await Evaluator.open(session, test) : undefined, options,
      tune === true ? new Tuning(session) : undefined,
    );
  } catch (e) { session.destroy(); throw e; }
}
