// The public names, nothing else.
export * from "./errors.js";
export { fromDevice, openDevice, type Adapter, type Device, type DeviceOptions, type Store } from "./gpu/device.js";
export type { Access, Kernel, Params } from "./gpu/kernel.js";
export type { Fusing, Grid, Recorder, Shape, Step, Target, Tensor } from "./gpu/recorder.js";
export { freeze, named, sequential, shared, type Block, type Part, type Value } from "./graph.js";
export {
  elu, gelu, hardSwish, leakyRelu, relu, sigmoid, silu, softplus, tanh,
  type EluOptions, type GeluOptions, type LeakyReluOptions, type SoftplusOptions,
} from "./layers/activation.js";
export { add } from "./layers/add.js";
export { adaptiveAvgPool2d, type AdaptiveAvgPool2dOptions } from "./layers/adaptiveAvgPool2d.js";
export { avgPool2d, type AvgPool2dOptions } from "./layers/avgPool2d.js";
export { batchNorm, type BatchNormOptions } from "./layers/batchNorm.js";
export { concat } from "./layers/concat.js";
export { conv2d, type Conv2dOptions } from "./layers/conv2d.js";
export { depthwiseConv2d, type DepthwiseConv2dOptions } from "./layers/depthwiseConv2d.js";
export { dropout, type DropoutOptions } from "./layers/dropout.js";
export { flatten } from "./layers/flatten.js";
export {
  constant, kaimingNormal, kaimingUniform, normal, ones, torchDefault, xavierNormal, xavierUniform, zeros,
  type Fan, type Init,
} from "./layers/init.js";
export type { Layer, Mode, Pair, ParamSpec } from "./layers/layer.js";
export { linear, type LinearOptions } from "./layers/linear.js";
export { localResponseNorm, type LocalResponseNormOptions } from "./layers/localResponseNorm.js";
export { maxPool2d, type MaxPool2dOptions } from "./layers/maxPool2d.js";
export { crossEntropy, type CrossEntropyOptions } from "./losses/crossEntropy.js";
export { meanSquaredError } from "./losses/meanSquaredError.js";
export type { Loss } from "./losses/loss.js";
export { adam, adamw, type AdamOptions } from "./optimizers/adam.js";
export { clipNorm, type Clip } from "./optimizers/clip.js";
export type { Optimizer } from "./optimizers/optimizer.js";
export { rmsprop, type RmspropOptions } from "./optimizers/rmsprop.js";
export { sgd, type SgdOptions } from "./optimizers/sgd.js";
export type { Augmentation } from "./data/augment.js";
export type { Dataset, Split } from "./data/dataset.js";
export type { Normalise, Preparation } from "./data/prepare.js";
export type { MemoryUse } from "./plan.js";
export type { Random } from "./random.js";
export type { EarlyStopping } from "./train/earlyStopping.js";
export type { Evaluation } from "./train/evaluate.js";
export { forward, type ForwardOptions, type Output } from "./train/forward.js";
export type { Activation, Images, Prediction } from "./train/inference.js";
export { predictor, type Predictor, type PredictorOptions } from "./train/predictor.js";
export type { Best, Progress, RunOptions } from "./train/progress.js";
export { Run } from "./train/run.js";
export {
  readSafetensors, writeSafetensors, type Safetensors, type StoredTensor, type TensorToStore,
} from "./train/safetensors.js";
export {
  constantRate, cosine, exponential, oneCycle, reduceOnPlateau, stepDecay,
  type CosineOptions, type Moment, type OneCycleOptions, type PlateauOptions, type Schedule, type StepDecayOptions,
} from "./train/schedules.js";
export { Session } from "./train/session.js";
export type { SessionOptions } from "./train/sessionOptions.js";
export { summary, type LayerSummary, type Summary, type SummaryOptions } from "./train/summary.js";
export { train, type TrainOptions } from "./train/train.js";
export { stateDict, type LoadReport, type StateDict } from "./train/weights.js";
export type { Choices } from "./tune/choices.js";
