// Convoy in Node: adapters, the data set on the disk, files.
export { fashionMnist, type NodeFashionMnistOptions, type Which } from "./data.js";
export { openDevice, type NodeDeviceOptions } from "./device.js";
export { saveFile } from "./files.js";
export { fromFolder } from "./folder.js";
export type { FilesOptions } from "../data/files.js";
