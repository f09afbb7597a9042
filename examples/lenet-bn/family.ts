import { lenetBn } from "convoy-gpu/models";
import { presets, trainingControls, type Family } from "../shared/family.js";

/** What is LeNet-BN's own. */
export const family: Family = {
  title: "LeNet-BN",
  controls: trainingControls(),
  presets: presets("lenet-bn", { batch: 32 }),
  build: (_, classes) => lenetBn({ classes }),
};
