import { densenet } from "convoy-gpu/models";
import { presets, sizeControl, trainingControls, widthControl, type Family } from "../shared/family.js";

/** What is DenseNet's own. */
export const family: Family = {
  title: "DenseNet",
  input: [1, 28, 28],
  controls: trainingControls(sizeControl(32), widthControl),
  presets: presets("densenet", {}),
  build: ({ width }) => densenet({ width: Number(width) }),
};
