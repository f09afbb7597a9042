import { googlenet } from "convoy-gpu/models";
import { presets, sizeControl, trainingControls, widthControl, type Family } from "../shared/family.js";

/** What is GoogLeNet's own. */
export const family: Family = {
  title: "GoogLeNet",
  controls: trainingControls(sizeControl(64), widthControl),
  presets: presets("googlenet", { width: 0.125 }),
  build: ({ width }, classes) => googlenet({ classes, width: Number(width) }),
};
