import { lenet } from "convoy-gpu/models";
import { presets, trainingControls, type Family } from "../shared/family.js";

const activations = ["tanh", "sigmoid", "relu"] as const;

/** What is LeNet's own. */
export const family: Family = {
  title: "LeNet",
  controls: trainingControls({ name: "activation", label: "Activation", kind: "choice", values: activations }),
  presets: presets("lenet", { batch: 32, images: 2000, activation: "tanh", rate: 0.05, first: "layer" }),
  build: ({ activation }, classes) => lenet({ classes, activation: activations.find((name) => name === activation) }),
};
