import { densenet } from "convoy-gpu/models";
import { presets, sizeControl, trainingControls, widthControl, type Family } from "../shared/family.js";

/** What is DenseNet's own. */
export const family: Family = {
  title: "DenseNet",
  controls: trainingControls(sizeControl(32), widthControl),
  presets: presets("densenet", {}),
  build: ({ width }, classes) => densenet({ classes, width: Number(width) }),
};
