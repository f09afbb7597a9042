import { kaimingUniform } from "convoy-gpu";
import { googlenet } from "convoy-gpu/models";
import { sizeControl, trainingControls, widthControl, type Family } from "../shared/family.js";

/** What is GoogLeNet's own. */
export const family: Family = {
  title: "GoogLeNet",
  input: [1, 28, 28],
  momentum: 0.9,
  init: kaimingUniform,
  controls: trainingControls(
    { batch: { hardware: 64, software: 16 }, rate: 0.02, images: { hardware: 10000, software: 500 }, epochs: { hardware: 10, software: 5 } },
    sizeControl(64, { hardware: 96, software: 64 }),
    widthControl(0.125)),
  build: ({ width }) => googlenet({ width: Number(width) }),
};
