import { resnet } from "convoy-gpu/models";
import { presets, sizeControl, trainingControls, widthControl, type Family } from "../shared/family.js";

const depths = [18, 34] as const;

/** What is ResNet's own. */
export const family: Family = {
  title: "ResNet",
  input: [1, 28, 28],
  controls: trainingControls({ name: "depth", label: "Depth", kind: "choice", values: depths }, sizeControl(32), widthControl),
  presets: presets("resnet18", { width: 0.125 }),
  build: ({ depth, width }) => resnet(depths.find((n) => n === depth) ?? 18)({ width: Number(width) }),
};
