// convoy-gpu/wgsl: layers of your own, from WGSL text at run time.
export type { Kernel } from "../gpu/kernel.js";
export { tensor, type Grid, type Recorder, type Shape, type Step, type Tensor } from "../gpu/recorder.js";
export { defineLayer, type LayerDefinition, type Spec } from "./defineLayer.js";
export { elementwise, type ElementwiseOptions } from "./elementwise.js";
export { kernel, type KernelOptions } from "./kernel.js";
