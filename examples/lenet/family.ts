import { lenet } from "convoy-gpu/models";
import { trainingControls, type Family } from "../shared/family.js";

const activations = ["tanh", "sigmoid", "relu"] as const;

/** What is LeNet's own. */
export const family: Family = {
  title: "LeNet",
  input: [1, 28, 28],
  momentum: 0.9,
  controls: trainingControls(
    { batch: { hardware: 64, software: 32 }, rate: { hardware: 0.05, software: 0.05 }, images: { hardware: 10000, software: 2000 }, epochs: { hardware: 10, software: 5 } },
    { name: "activation", label: "Activation", kind: "choice", values: activations, preset: "tanh" }),
  build: ({ activation }) => lenet({ activation: activations.find((name) => name === activation) }),
};
