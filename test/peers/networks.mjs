// The networks that are compared, as data: every peer builds them from this list, PyTorch too.
const conv = (filters, kernel, padding, stride = 1) => ({ op: "conv", filters, kernel, padding, stride });
const linear = (units) => ({ op: "linear", units });
/** Two 3×3 convolutions with batch norm beside a shortcut, which is a 1×1 convolution where size or channels change. */
const block = (filters, stride) => ({ op: "block", filters, stride });
const [relu, bn, flatten, dropout, mean] = ["relu", "bn", "flatten", "dropout", "mean"].map((op) => ({ op }));
const pool = (kind) => ({ op: kind, kernel: 2 });

export const networks = {
  lenet: { input: [1, 28, 28], parameters: 61_706, layers: [
    conv(6, 5, 2), relu, pool("avgPool"), conv(16, 5, 0), relu, pool("avgPool"),
    flatten, linear(120), relu, linear(84), relu, linear(10)] },
  "small vgg": { input: [1, 32, 32], parameters: 192_714, layers: [
    conv(16, 3, 1), relu, pool("maxPool"), conv(32, 3, 1), relu, pool("maxPool"),
    conv(64, 3, 1), relu, conv(64, 3, 1), relu, pool("maxPool"),
    flatten, linear(128), relu, dropout, linear(10)] },
  "small resnet": { input: [1, 32, 32], parameters: 77_898, layers: [
    conv(16, 3, 1), bn, relu, block(16, 1), block(32, 2), block(64, 2), mean, linear(10)] },
};

export const LR = 0.1;
/** Images of noise in [0, 1), [batch, C, H, W], and labels. */
export function batchOf({ input: [C, H, W] }, batch) {
  const length = batch * C * H * W;
  return {
    images: Float32Array.from({ length }, (_, i) => (Math.imul(i + 1, 0x9e3779b1) >>> 24) / 256),
    labels: Int32Array.from({ length: batch }, (_, i) => i % 10),
  };
}
/** Weights like PyTorch's: uniform within ± 1 / √inputs, the same in every run. */
export function weights(shape, inputs) {
  let state = 0x2545f491 ^ shape.reduce((a, b) => Math.imul(a, 31) + b, 7);
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => (2 * next() - 1) / Math.sqrt(inputs));
}
