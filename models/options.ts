/** What all families take. */
export interface CommonOptions {
  /** Default 10. */
  classes?: number;
  /** Scales channel counts and hidden sizes. Default 1. */
  width?: number;
  /** Of a family that has dropout; default 0.5. */
  dropout?: number;
}

/** Channel counts and hidden sizes at a width. */
export const scaled = (width: number) => (n: number): number => Math.max(1, Math.round(n * width));
