import { OptionError } from "../errors.js";
import { activation_backward, activation_forward } from "../generated/activation.js";
import { byFours } from "../gpu/recorder.js";
import { atLeast, known } from "../options.js";
import type { Layer } from "./layer.js";

/**
 * The numbers of shaders/lib/activation.wgsl and slope.wgsl.
 * From `gelu` on, the slope is written in the input, not in the output.
 */
const ACTIVATIONS = {
  relu: 1, sigmoid: 2, tanh: 3, leakyRelu: 4, elu: 5, gelu: 6, geluTanh: 7, silu: 8, hardSwish: 9, softplus: 10,
} as const;

function activation(kind: keyof typeof ACTIVATIONS, ALPHA = 1, THRESHOLD = 0): Layer {
  const number = ACTIVATIONS[kind], baked = { ALPHA, THRESHOLD };
  return {
    name: kind === "geluTanh" ? "gelu" : kind,
    shape: (x) => x,

    forward(rec, { x, y }) {
      rec.dispatch(
        activation_forward, { x, y },
        { size: y.size, ...baked, ACTIVATION: number, WIDTH: rec.wide(y.size) }, byFours(y.size));
    },

    backward(rec, { x, y, dy, dx }) {
      const z = number < ACTIVATIONS.gelu ? y : x;
      if (dx) rec.dispatch(
        activation_backward, { z, dy, dx },
        { size: dy.size, ...baked, SLOPE: number, WIDTH: rec.wide(dy.size) }, byFours(dy.size));
    },
  };
}

/** max(x, 0). */
export const relu = (): Layer => activation("relu");
/** 1 / (1 + exp(−x)). */
export const sigmoid = (): Layer => activation("sigmoid");
/** The hyperbolic tangent. */
export const tanh = (): Layer => activation("tanh");

/** What leakyRelu() takes. */
export interface LeakyReluOptions {
  /** Slope left of 0, at least 0. Default 0.01. */
  negativeSlope?: number;
}
/** x where x > 0, else negativeSlope · x. */
export function leakyRelu(options: LeakyReluOptions = {}): Layer {
  const { negativeSlope = 0.01 } = known("leakyRelu", options, "negativeSlope");
  atLeast(0, { negativeSlope });
  return activation("leakyRelu", negativeSlope);
}

/** What elu() takes. */
export interface EluOptions {
  /** −limit at −∞, at least 0. Default 1. */
  alpha?: number;
}
/** x where x > 0, else alpha · (exp(x) − 1). */
export function elu(options: EluOptions = {}): Layer {
  const { alpha = 1 } = known("elu", options, "alpha");
  atLeast(0, { alpha });
  return activation("elu", alpha);
}

/** What gelu() takes. */
export interface GeluOptions {
  /** "tanh" for the approximation that GPT-2 uses. Default "none". */
  approximate?: "none" | "tanh";
}
/** x · Φ(x), Φ the standard normal CDF (Hendrycks and Gimpel 2016). */
export function gelu(options: GeluOptions = {}): Layer {
  const { approximate = "none" } = known("gelu", options, "approximate");
  if (approximate !== "none" && approximate !== "tanh")
    throw new OptionError(`approximate is "none" or "tanh", not ${String(approximate)}`, { approximate });
  return activation(approximate === "tanh" ? "geluTanh" : "gelu");
}

/** x · sigmoid(x), also called swish. */
export const silu = (): Layer => activation("silu");
/** x · min(max(x + 3, 0), 6) / 6 (Howard et al. 2019, MobileNetV3). */
export const hardSwish = (): Layer => activation("hardSwish");

/** What softplus() takes. */
export interface SoftplusOptions {
  /** Sharpness, above 0. Default 1. */
  beta?: number;
  /** Where beta · x is more than this, the result is x itself. Default 20. */
  threshold?: number;
}
/** log(1 + exp(beta · x)) / beta. */
export function softplus(options: SoftplusOptions = {}): Layer {
  const { beta = 1, threshold = 20 } = known("softplus", options, "beta, threshold");
  atLeast(0, { beta, threshold });
  if (!beta) throw new OptionError("beta is a number above 0, not 0", { beta });
  return activation("softplus", beta, threshold);
}
