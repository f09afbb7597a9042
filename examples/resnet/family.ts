import { kaimingUniform } from "convoy-gpu";
import { resnet } from "convoy-gpu/models";
import { sizeControl, trainingControls, widthControl, type Family } from "../shared/family.js";

const depths = [18, 34] as const;

/** What is ResNet's own. */
export const family: Family = {
  title: "ResNet",
  input: [1, 28, 28],
  momentum: 0.9,
  init: kaimingUniform,
  controls: trainingControls(
    { batch: { hardware: 64, software: 16 }, rate: 0.05, images: { hardware: 10000, software: 500 }, epochs: { hardware: 10, software: 5 } },
    { name: "depth", label: "Depth", kind: "choice", values: depths, preset: 18 },
    sizeControl(32, { hardware: 96, software: 32 }),
    widthControl(0.125)),
  build: ({ depth, width }) => resnet(depths.find((n) => n === depth) ?? 18)({ width: Number(width) }),
};
