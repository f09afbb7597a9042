import { mse_forward, mse_record } from "../generated/mse.js";
import { expectClasses, type Loss } from "./loss.js";

/**
 * torch.nn.MSELoss of [N, classes] and the one-hot vectors of N labels. Predictions are shown as they are.
 * Kernel: shaders/mse.wgsl.
 */
export function meanSquaredError(): Loss {
  return {
    name: "meanSquaredError",
    raw: true,
    check: (x) => expectClasses("meanSquaredError", x),

    record(rec, { x, labels, probs, rows, dx }, images) {
      const [N, K] = x.shape;
      rec.dispatch(mse_forward, { x, labels, probs, rows, dx }, { N, K, images, FURTHER: 0 }, N);
    },

    whole: { most: 256, record(rec, { x, ...t }, images, further) {
      const [N, K] = x.shape;
      rec.dispatch(mse_record, { x, ...t }, { N, K, images, FURTHER: Number(further) }, [1, 1, 1]);
    } },
  };
}
