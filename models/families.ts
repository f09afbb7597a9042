import type { Block } from "../src/index.js";
import { lenet, type LenetOptions } from "./lenet.js";

/** What a family may be asked for; each takes what it has a use for. */
export interface FamilyOptions extends LenetOptions {
  /** Height and width of the images, where a classifier's size depends on them. */
  inputSize?: number;
  /** Share of hidden values that dropout sets to zero. Default the paper's. */
  dropout?: number;
}

/** The networks by name: for command lines, pages and tests that let their users choose. */
export const families: Readonly<Record<string, (options?: FamilyOptions) => Block>> = { lenet };
