import { lenetBn } from "convoy-gpu/models";
import { trainingControls, type Family } from "../shared/family.js";

/** What is LeNet-BN's own. */
export const family: Family = {
  title: "LeNet-BN",
  input: [1, 28, 28],
  momentum: 0.9,
  controls: trainingControls(
    { batch: { hardware: 64, software: 32 }, rate: 0.1, images: { hardware: 10000, software: 1000 }, epochs: { hardware: 10, software: 5 } }),
  build: () => lenetBn(),
};
