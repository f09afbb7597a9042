import { alexnet } from "convoy-gpu/models";
import { presets, sizeControl, trainingControls, widthControl, type Family } from "../shared/family.js";

/** What is AlexNet's own. */
export const family: Family = {
  title: "AlexNet",
  controls: trainingControls(sizeControl(96), widthControl),
  presets: presets("alexnet", { width: 0.25, rate: 0.02 }),
  build: ({ width }, classes) => alexnet({ classes, width: Number(width) }),
};
