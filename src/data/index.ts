// The public names of "convoy-gpu/data", nothing else.
export { dataset, subset, type Dataset, type DatasetOptions, type Split } from "./dataset.js";
export { fashionMnist, type FashionMnistOptions } from "./fashionMnist.js";
export { parseIdx, type Idx } from "./idx.js";
