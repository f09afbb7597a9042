import { OptionError } from "../errors.js";
import { local_response_norm_backward, local_response_norm_forward } from "../generated/local_response_norm.js";
import { atLeast, known, positive } from "../options.js";
import { needs4d, type Layer } from "./layer.js";

/** What localResponseNorm() takes. As torch.nn.LocalResponseNorm. */
export interface LocalResponseNormOptions {
  /** Channels of the window, the element's own included. */
  size: number;
  /** Weight of the mean of their squares. Default 1e-4. */
  alpha?: number;
  /** Exponent. Default 0.75. */
  beta?: number;
  /** Added to the mean. Default 1. */
  k?: number;
}

/**
 * Local response normalisation of [N, C, H, W], as torch.nn.LocalResponseNorm:
 * y = x / (k + alpha · mean of x² over `size` channels)^beta. Krizhevsky et al. 2012 sum where PyTorch takes the mean:
 * their alpha of 1e-4 with size 5 is 5e-4 here. Maths: shaders/local_response_norm.wgsl.
 */
export function localResponseNorm(options: LocalResponseNormOptions): Layer<never, "scale"> {
  const { size, alpha = 1e-4, beta = 0.75, k = 1 } = known("localResponseNorm", options, "size, alpha, beta, k");
  positive("size", size);
  atLeast(0, { alpha, beta });
  if (!Number.isFinite(k) || k <= 0) throw new OptionError(`k is a number above 0, not ${k}`, { k });
  const params = { before: size >> 1, after: (size - 1) >> 1, share: alpha / size, beta, k };
  return {
    name: "localResponseNorm",

    shape(x) {
      needs4d(x);
      return x;
    },

    saved: (x) => ({ scale: x }),

    forward(rec, { x, y, scale }) {
      const C = x.shape[3];
      rec.dispatch(local_response_norm_forward, { x, y, scale }, { ...params, M: x.size / C, C }, x.size);
    },

    backward(rec, { x, scale, dy, dx }) {
      const C = x.shape[3];
      if (dx) rec.dispatch(
        local_response_norm_backward, { x, known: scale, dy, dx }, { ...params, M: x.size / C, C }, x.size);
    },
  };
}
