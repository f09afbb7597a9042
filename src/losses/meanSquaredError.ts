import { mse_forward, mse_record } from "../generated/mse.js";
import { lossOf, type Loss } from "./loss.js";

/**
 * torch.nn.MSELoss of [N, classes] and the one-hot vectors of N labels. Predictions are shown as they are.
 * Kernel: shaders/mse.wgsl.
 */
export const meanSquaredError = (): Loss => ({ ...lossOf("meanSquaredError", mse_forward, mse_record), raw: true });
