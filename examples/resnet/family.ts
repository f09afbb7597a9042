import { resnet } from "convoy-gpu/models";
import { presets, sizeControl, trainingControls, widthControl, type Family } from "../shared/family.js";

const depths = [18, 34] as const;

/** What is ResNet's own. */
export const family: Family = {
  title: "ResNet",
  controls: trainingControls(
    { name: "depth", label: "Depth", kind: "choice", values: depths }, sizeControl(32), widthControl),
  presets: presets("resnet18", { width: 0.125 }),
  build: ({ depth, width }, classes) =>
    resnet(depths.find((n) => n === depth) ?? 18)({ classes, width: Number(width) }),
};
