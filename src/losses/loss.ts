import { ShapeError } from "../errors.js";
import type { mse_forward, mse_record } from "../generated/mse.js";
import type { Recorder, Shape, Tensor } from "../gpu/recorder.js";

/** A loss is a value: it says how predictions and labels become a number and a gradient. */
export interface Loss {
  readonly name: string;
  /** Whether predictions are the network's answers as they are. Default: their softmax. */
  readonly raw?: boolean;
  /**
   * Labels must be below this. Default: the number of outputs, since a label is a class; 2³² for a loss that reads
   * labels as something else, such as the bits of a float to predict, or a bit for each class that an image shows.
   */
  readonly labels?: number;
  /** Throws a ShapeError unless predictions of this shape can be compared with labels. */
  check(x: Shape): void;
  /**
   * Records probs, rows (loss and hit of each image) and dx ← x, labels;
   * dx is of the mean over `images`, of which these may be a part.
   */
  record(rec: Recorder, t: Record<"x" | "labels" | "probs" | "rows" | "dx", Tensor>, images: number): void;
  /**
   * The same and the step's row of the ring in one dispatch, for at most `most` images;
   * with `further`, added to what the row holds.
   */
  readonly whole?: {
    readonly most: number;
    /** Records it. */
    record(
      rec: Recorder, t: Record<"x" | "labels" | "probs" | "dx" | "clock" | "ring", Tensor>,
      images: number, further: boolean,
    ): void;
  };
}

/** A loss of [N, classes] by two kernels, of which the second does the whole in one workgroup. */
export function lossOf(
  name: string, each: typeof mse_forward, whole: typeof mse_record, params: Readonly<Record<string, number>> = {},
): Loss {
  return {
    name,

    check(x) {
      if (x.length !== 2) throw new ShapeError(
        `${name} expects [N, classes], but the network gives `
          + `${x.length === 4 ? "[N, C, H, W]" : `${x.length} axes`}; end it with flatten()`, { got: x });
    },

    record(rec, t, images) {
      const [N, K] = t.x.shape;
      rec.dispatch(each, t, { ...params, N, K, images, FURTHER: 0 }, N);
    },

    whole: { most: 256, record(rec, t, images, further) {
      const [N, K] = t.x.shape;
      rec.dispatch(whole, t, { ...params, N, K, images, FURTHER: Number(further) }, [1, 1, 1]);
    } },
  };
}
