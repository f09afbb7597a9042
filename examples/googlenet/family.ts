import { googlenet } from "convoy-gpu/models";
import { presets, sizeControl, trainingControls, widthControl, type Family } from "../shared/family.js";

/** What is GoogLeNet's own. */
export const family: Family = {
  title: "GoogLeNet",
  input: [1, 28, 28],
  controls: trainingControls(sizeControl(64), widthControl),
  presets: presets("googlenet", { width: 0.125 }),
  build: ({ width }) => googlenet({ width: Number(width) }),
};
