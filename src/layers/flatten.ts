import { elements } from "../gpu/recorder.js";
import type { Layer } from "./layer.js";

/**
 * [N, C, H, W] → [N, C·H·W]. Nothing runs: memory keeps its order H, W, C, and the linear layer that follows has its
 * weight's rows in that order too. Weights and values that leave the library are in PyTorch's order C, H, W.
 */
export const flatten = (): Layer => ({
  name: "flatten",
  shape: ([N, ...rest]) => [N, elements(rest)],
  view: true,
});
