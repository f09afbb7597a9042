import { vgg, type ConvArch } from "convoy-gpu/models";
import { presets, sizeControl, trainingControls, widthControl, type Family } from "../shared/family.js";

const depths = [11, 13, 16, 19] as const;
/** The article's: a quarter of VGG-11's channels, all of its hidden units. */
const thin: ConvArch = [[1, 16], [1, 32], [2, 64], [2, 128], [2, 128]];

/** What is VGG's own. */
export const family: Family = {
  title: "VGG",
  controls: trainingControls({
    name: "depth", label: "Depth", kind: "choice", values: [...depths, "small"],
    text: (depth) => depth === "small" ? "11, thin" : String(depth),
  }, sizeControl(32), widthControl),
  presets: presets("vgg11", { width: 0.25, rate: 0.02 }, { depth: "small" }),
  build: ({ depth, width }, classes) => depth === "small"
    ? vgg(11)({ classes, convArch: thin, width: Number(width) })
    : vgg(depths.find((n) => n === depth) ?? 11)({ classes, width: Number(width) }),
};
