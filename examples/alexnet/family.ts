import { kaimingUniform } from "convoy-gpu";
import { alexnet } from "convoy-gpu/models";
import { sizeControl, trainingControls, widthControl, type Family } from "../shared/family.js";

/** What is AlexNet's own. */
export const family: Family = {
  title: "AlexNet",
  input: [1, 28, 28],
  momentum: 0.9,
  init: kaimingUniform,
  controls: trainingControls(
    { batch: { hardware: 64, software: 16 }, rate: 0.01, images: { hardware: 10000, software: 500 }, epochs: { hardware: 10, software: 5 } },
    sizeControl(96, { hardware: 224, software: 96 }),
    widthControl(0.125)),
  build: ({ width }) => alexnet({ width: Number(width) }),
};
