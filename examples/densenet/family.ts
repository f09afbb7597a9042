import { kaimingUniform } from "convoy-gpu";
import { densenet } from "convoy-gpu/models";
import { sizeControl, trainingControls, widthControl, type Family } from "../shared/family.js";

/** What is DenseNet's own. */
export const family: Family = {
  title: "DenseNet",
  input: [1, 28, 28],
  momentum: 0.9,
  init: kaimingUniform,
  controls: trainingControls(
    { batch: { hardware: 64, software: 16 }, rate: 0.05, images: { hardware: 10000, software: 500 }, epochs: { hardware: 10, software: 5 } },
    sizeControl(32, { hardware: 96, software: 32 }),
    widthControl(0.25)),
  build: ({ width }) => densenet({ width: Number(width) }),
};
