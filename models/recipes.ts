import { kaimingUniform, OptionError, xavierUniform, type Init } from "../src/index.js";
import type { FamilyOptions } from "./families.js";

/** How a network is trained: SGD at a constant rate on images of inputSize × inputSize. */
export interface Recipe {
  readonly batch: number;
  readonly lr: number;
  readonly momentum: number;
  readonly epochs: number;
  /** First values of all weights; biases begin with PyTorch's. */
  readonly init: Init;
  readonly inputSize: number;
  readonly options: FamilyOptions;
}

/**
 * The recipe of the book "Dive into Deep Learning" (d2l.ai), 2020 to 2023: no momentum, no weight decay, no
 * augmentation. Hundreds of its runs are printed, so a training can be held against them.
 */
const d2l = /* @__NO_SIDE_EFFECTS__ */ (
  lr: number, batch: number, inputSize: number, options: FamilyOptions = {},
): Recipe => ({ batch, lr, momentum: 0, epochs: 10, init: xavierUniform, inputSize, options });

const small = /* @__NO_SIDE_EFFECTS__ */ (
  lr: number, inputSize: number, epochs: number,
  { width = 0.25, batch = 64, ...options }: FamilyOptions & { batch?: number } = {},
): Recipe => ({ batch, lr, momentum: 0.9, epochs, init: kaimingUniform, inputSize, options: { width, ...options } });

const recipes = {
  /** A good network within a minute or two, on a subset of the images too. */
  quick: {
    lenet: {
      batch: 64, lr: 0.05, momentum: 0.9, epochs: 3, init: kaimingUniform, inputSize: 28,
      options: { activation: "relu" },
    },
    // At a quarter of the width, for adapters of little speed: --width 1 --input-size 224 for the paper's networks.
    // With --data full --limit 20000 AlexNet, VGG-11, GoogLeNet, ResNet-18 and DenseNet are above 80 % of the test
    // images within minutes (docs/measurements.md); with fewer images, give more --epochs.
    "lenet-bn": small(0.1, 28, 4, { width: 1 }),
    "alexnet": small(0.02, 96, 2),
    "vgg11": small(0.01, 32, 2, { batch: 32 }),
    "vgg13": small(0.01, 32, 3, { batch: 32 }),
    "vgg16": small(0.01, 32, 4, { batch: 32 }),
    "vgg19": small(0.01, 32, 4, { batch: 32 }),
    "nin": small(0.02, 96, 4, { dropout: 0.2 }),
    "googlenet": small(0.02, 64, 3),
    "resnet18": small(0.05, 32, 2),
    "resnet34": small(0.05, 32, 3),
    "densenet": small(0.05, 32, 3),
  },
  d2l: {
    "lenet": d2l(0.9, 256, 28, { activation: "sigmoid" }),
    "lenet-bn": d2l(1.0, 256, 28),
    "alexnet": d2l(0.01, 128, 224),
    "vgg11": d2l(0.05, 128, 224),  // the book divides its channels by 4, but not its hidden sizes
    "nin": d2l(0.1, 128, 224),
    "googlenet": d2l(0.1, 128, 96),
    "resnet18": d2l(0.05, 256, 96),
    "densenet": d2l(0.1, 256, 96),
  },
} as const satisfies Record<string, Readonly<Record<string, Recipe>>>;

/** The name of a recipe: "quick" or "d2l". */
export type RecipeName = keyof typeof recipes;
/** The names of all recipes. */
export const recipeNames = /* @__PURE__ */ Object.keys(recipes) as readonly RecipeName[];

/** What a recipe says about a family. */
export function recipe(name: RecipeName, family: string): Recipe {
  const table: Readonly<Record<string, Recipe>> | undefined = recipes[name];
  if (!table)
    throw new OptionError(`there is no recipe "${name}"; there are ${recipeNames.join(", ")}`, { recipe: name });
  if (!Object.hasOwn(table, family)) throw new OptionError(
    `the recipe "${name}" has nothing for "${family}", only for ${Object.keys(table).join(", ")}`,
    { recipe: name, family });
  return table[family];
}
