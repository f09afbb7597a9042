// The public names of "convoy-gpu/data", nothing else.
export { augmentation, type Augment, type Augmentation } from "./augment.js";
export { cifarClasses, cifarShape, parseCifar, type Cifar, type CifarKind } from "./cifar.js";
export { dataset, subset, type Dataset, type DatasetOptions, type Split } from "./dataset.js";
export { fashionMnist, type FashionMnistOptions } from "./fashionMnist.js";
export { fromFiles, type FilesOptions } from "./files.js";
export { parseIdx, type Idx } from "./idx.js";
