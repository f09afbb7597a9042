import { cross_entropy_forward, cross_entropy_record } from "../generated/cross_entropy.js";
import { known, share } from "../options.js";
import { lossOf, type Loss } from "./loss.js";

/** What crossEntropy() takes. */
export interface CrossEntropyOptions {
  /** How much of the target is spread over all classes (Szegedy et al. 2016). In [0, 1], default 0. */
  labelSmoothing?: number;
}

/**
 * Softmax and cross-entropy of [N, classes] and N labels, mean over the batch. Targets: one class index an image.
 * Maths and kernel: shaders/cross_entropy.wgsl.
 */
export function crossEntropy(options: CrossEntropyOptions = {}): Loss {
  const { labelSmoothing: smoothing = 0 } = known("crossEntropy", options, "labelSmoothing");
  share({ labelSmoothing: smoothing });
  return lossOf("crossEntropy", cross_entropy_forward, cross_entropy_record, { smoothing });
}
