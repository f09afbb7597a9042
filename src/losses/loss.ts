import { ShapeError } from "../errors.js";
import type { Recorder, Shape, Tensor } from "../gpu/recorder.js";

/** A loss is a value: it says how predictions and labels become a number and a gradient. */
export interface Loss {
  readonly name: string;
  /** Whether predictions are the network's answers as they are. Default: their softmax. */
  readonly raw?: boolean;
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

/** Throws a ShapeError unless predictions are [N, classes]. */
export function expectClasses(loss: string, x: Shape): void {
  if (x.length !== 2) throw new ShapeError(
    `${loss} expects [N, classes], but the network gives `
      + `${x.length === 4 ? "[N, C, H, W]" : `${x.length} axes`}; end it with flatten()`, { got: x });
}
