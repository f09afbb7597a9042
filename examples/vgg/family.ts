import { kaimingUniform } from "convoy-gpu";
import { vgg } from "convoy-gpu/models";
import { sizeControl, trainingControls, widthControl, type Family } from "../shared/family.js";

const depths = [11, 13, 16, 19] as const;

/** What is VGG's own. */
export const family: Family = {
  title: "VGG",
  input: [1, 28, 28],
  momentum: 0.9,
  init: kaimingUniform,
  controls: trainingControls(
    { batch: { hardware: 32, software: 16 }, rate: 0.01, images: { hardware: 10000, software: 500 }, epochs: { hardware: 10, software: 5 } },
    { name: "depth", label: "Depth", kind: "choice", values: depths, preset: 11 },
    sizeControl(32, { hardware: 96, software: 32 }),
    widthControl(0.125)),
  build: ({ depth, width }) => vgg(depths.find((n) => n === depth) ?? 11)({ width: Number(width) }),
};
