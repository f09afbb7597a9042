import { OptionError } from "../errors.js";
import type { Dataset, Split } from "../data/dataset.js";
import type { Part } from "../graph.js";
import { isChoices, readChoices, type Choices } from "../tune/choices.js";
import { Tuning } from "../tune/tuning.js";
import { known, must, opened, positive } from "../options.js";
import { checkEarlyStopping } from "./earlyStopping.js";
import type { RunOptions } from "./progress.js";
import { Run } from "./run.js";
import { Session } from "./session.js";
import { SHARED, type SessionOptions } from "./sessionOptions.js";
import { Evaluator } from "./evaluate.js";

/** What train() takes beside the network. */
export interface TrainOptions extends
  RunOptions, Omit<SessionOptions, "input" | "batches" | "data" | "rung" | "choices" | "fuse" | "keep"> {
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
  /** Passes over the training images. Default 10. */
  epochs?: number;
  /**
   * Which rung of its ladder each operator of a training step takes. A table of tune(), or true: what was measured on
   * this adapter before and, for the rest, what is measured between the steps, at most half of the time, while they
   * take the first rung that fits; then the run switches to the fastest, once. False: the first that fits, always. The
   * choice is part of the bits, and of run.save(). Default: true on a GPU, false on a software adapter.
   */
  tune?: boolean | Choices;
}

const NAMES = `${SHARED}, resize, batch, epochs, tune, schedule, earlyStopping, keepBest, onProgress, onEpochEnd`;

/**
 * Prepares a network for training: records, plans, compiles, uploads. Nothing is trained until the run is iterated:
 *
 *     const run = await train(net, { device, data: await fashionMnist(), epochs: 10 });
 *     for await (const e of run) console.log(e.epoch, e.loss, e.accuracy);
 *
 * Throws a ShapeError, LimitError (naming the largest batch that fits), OutOfMemoryError or OptionError (such as for a
 * parameter on which the output does not depend) before anything runs.
 */
export async function train(net: Part, options: TrainOptions): Promise<Run> {
  const {
    device, data: given, resize, batch = 64, epochs = 10, tune = !device?.adapter?.software, schedule, earlyStopping,
    keepBest: _, onProgress: __, onEpochEnd: ___, ...shared
  } = known("train()", options, NAMES);
  const split = given as Partial<Split> | undefined;
  const { train: data, test }: Pick<Split, "train"> & Partial<Split> = split?.train
    ? split as Split : { train: given as Dataset };
  opened(device);
  must("data", "a data set or { train, test }, awaited", given, data?.images);
  must("tune", "true, false or a table of tune()", tune, typeof tune === "boolean" || isChoices(tune));
  must("schedule", "a function", schedule, !schedule || typeof schedule === "function");
  for (const [name, value] of Object.entries({ batch, epochs, resize: resize ?? 1 })) positive(name, value);
  if (!data.size) throw new OptionError("the training set is empty");
  if (earlyStopping) checkEarlyStopping(earlyStopping);
  const full = Math.min(batch, data.size), tail = data.size % full;
  const choices = tune === true ? await readChoices(device) : tune || {};
  const session = await Session.open(net, {
    ...shared, device, data, choices, input: resize ? [data.shape[0], resize, resize] : data.shape,
    batches: [full, ...tail ? [tail] : []],
  });
  try {
    return new Run(
      session, data, epochs, test?.size ? await Evaluator.open(session, test) : undefined, options,
      tune === true ? new Tuning(session) : undefined,
    );
  } catch (e) { session.destroy(); throw e; }
}
