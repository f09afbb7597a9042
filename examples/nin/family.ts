import { nin } from "convoy-gpu/models";
import { presets, sizeControl, trainingControls, widthControl, type Family } from "../shared/family.js";

/** What is NiN's own. */
export const family: Family = {
  title: "NiN",
  controls: trainingControls(sizeControl(96), widthControl),
  presets: presets("nin", { width: 0.125 }),
  build: ({ width }, classes) => nin({ classes, width: Number(width) }),
};
