// What the article prints: the output shape of each top-level layer of each network, and of a block alone.
// And what a step takes.
import { expect, test } from "vitest";
import { families, vgg } from "../models/index.js";
import { dense, transition } from "../models/densenet.js";
import { residual } from "../models/resnet.js";
import { clipNorm, conv2d, flatten, linear, sequential, summary, type Part, type Summary } from "../src/index.js";

/** Sizes [C, H, W] as C×H² where the image is square; features as one number. */
const printed: Readonly<Record<string, [input: number, lines: string]>> = {
  lenet: [28, `Conv2d 6×28² Sigmoid 6×28² AvgPool2d 6×14² Conv2d 16×10² Sigmoid 16×10² AvgPool2d 16×5²
    Flatten 400 Linear 120 Sigmoid 120 Linear 84 Sigmoid 84 Linear 10`],
  alexnet: [224, `Conv2d 96×54² ReLU 96×54² MaxPool2d 96×26² Conv2d 256×26² ReLU 256×26² MaxPool2d 256×12²
    Conv2d 384×12² ReLU 384×12² Conv2d 384×12² ReLU 384×12² Conv2d 256×12² ReLU 256×12² MaxPool2d 256×5²
    Flatten 6400 Linear 4096 ReLU 4096 Dropout 4096 Linear 4096 ReLU 4096 Dropout 4096 Linear 10`],
  vgg11: [224, `Sequential 64×112² Sequential 128×56² Sequential 256×28² Sequential 512×14² Sequential 512×7²
    Flatten 25088 Linear 4096 ReLU 4096 Dropout 4096 Linear 4096 ReLU 4096 Dropout 4096 Linear 10`],
  nin: [224, `Sequential 96×54² MaxPool2d 96×26² Sequential 256×26² MaxPool2d 256×12² Sequential 384×12²
    MaxPool2d 384×5² Dropout 384×5² Sequential 10×5² AdaptiveAvgPool2d 10×1² Flatten 10`],
  googlenet: [96, "Sequential 64×24² Sequential 192×12² Sequential 480×6² Sequential 832×3² Sequential 1024 Linear 10"],
  resnet18: [224, `Sequential 64×56² Sequential 64×56² Sequential 128×28² Sequential 256×14² Sequential 512×7²
    AdaptiveAvgPool2d 512×1² Flatten 512 Linear 10`],
  densenet: [128, `Sequential 64×32² DenseBlock 192×32² Sequential 96×16² DenseBlock 224×16² Sequential 112×8²
    DenseBlock 240×8² Sequential 120×4² DenseBlock 248×4² BatchNorm2d 248×4² ReLU 248×4² AdaptiveAvgPool2d 248×1²
    Flatten 248 Linear 10`],
  // Not printed there, but of the same code: the article's network with batch norm, and the other depths.
  "lenet-bn": [28, `Conv2d 6×24² BatchNorm2d 6×24² Sigmoid 6×24² AvgPool2d 6×12²
    Conv2d 16×8² BatchNorm2d 16×8² Sigmoid 16×8² AvgPool2d 16×4²
    Flatten 256 Linear 120 BatchNorm1d 120 Sigmoid 120 Linear 84 BatchNorm1d 84 Sigmoid 84 Linear 10`],
};
for (const depth of ["13", "16", "19"]) (printed as Record<string, [number, string]>)[`vgg${depth}`] = printed.vgg11;
(printed as Record<string, [number, string]>).resnet34 = printed.resnet18;

/** PyTorch's count for one channel and ten classes; for VGG-13/16/19 and ResNet-34 the sum of their layers, by hand. */
const parameters: Readonly<Record<string, number>> = {
  lenet: 61_706, "lenet-bn": 44_878, alexnet: 46_764_746, nin: 1_992_166, googlenet: 5_977_530,
  vgg11: 128_806_154, vgg13: 128_990_666, vgg16: 134_300_362, vgg19: 139_610_058,
  resnet18: 11_178_378, resnet34: 21_290_250, densenet: 758_226,
};

/**
 * One "Conv2d 6×28²" for each top-level layer: what the last layer within it gives. A block's name is not ours to know.
 */
function lines({ layers }: Summary, want: readonly string[]): string[] {
  const tops = new Map<string, Summary["layers"][number]>();
  for (const layer of layers) tops.set(layer.path.split(".")[0], layer);
  return [...tops].map(([name, { path, layer, shape: [, ...shape] }], i) => {
    const [C, H, W] = shape, flat = shape.length === 1;
    const size = flat ? `${C}` : H === W ? `${C}×${H}²` : shape.join("×");
    const known: Record<string, string> = { relu: "ReLU", batchNorm: `BatchNorm${flat ? 1 : 2}d` };
    const kind = known[layer] ?? layer[0].toUpperCase() + layer.slice(1);
    const wanted = want[i]?.split(" ")[0];
    return `${path === name ? kind : /^(Sequential|DenseBlock)$/.test(wanted) ? wanted : "a block"} ${size}`;
  });
}

test.each(Object.entries(printed))("summary() of %s has the article's shapes", (family, [side, text]) => {
  const want = text.match(/\w+ [\d×²]+/g)!, found = summary(families[family](), { input: [1, side, side], batch: 1 });
  expect(lines(found, want)).toEqual(want);
  expect(found.parameters).toBe(parameters[family]);
  const [head, , ...rows] = String(found).split("\n"), { layers } = found;
  for (const [i, { path, shape }] of layers.entries()) {
    expect(rows[i], path).toContain(`[${shape.join(", ")}]`);
    expect(rows[i], path).toHaveLength(head.length);
  }
});

test("the small VGG is one line", () => {
  const small = vgg(11)({ convArch: [[1, 16], [1, 32], [2, 64], [2, 128], [2, 128]] });
  expect(summary(small, { input: [1, 224, 224], batch: 1 }).parameters).toBe(43_093_322);
});

test.each<[string, Part, number[], number[]]>([
  ["Residual(3, 3)", residual(3, 1, false), [4, 3, 6, 6], [4, 3, 6, 6]],
  ["Residual(3, 6, use_1x1conv, strides 2)", residual(6, 2, true), [4, 3, 6, 6], [4, 6, 3, 3]],
  ["DenseBlock(2, 3, 10)", dense(2, 10), [4, 3, 8, 8], [4, 23, 8, 8]],
  ["transition_block(23, 10)", transition(10), [4, 23, 8, 8], [4, 10, 4, 4]],
  ["a 2×2 window, padding 1, strides 3 and 2",
    conv2d({ filters: 1, kernel: 2, padding: 1, stride: [3, 2] }), [1, 1, 3, 3], [1, 1, 2, 2]],
])("%s alone", (_, block, [batch, ...input], want) => {
  const { layers } = summary(sequential(block, flatten(), linear({ units: 2 })), { input, batch });
  expect(layers.findLast(({ path }) => path.split(".")[0] === "0")!.shape).toEqual(want);
});

test.each([
  ["resnet18", 0.45], ["densenet", 0.45], ["googlenet", 0.45], ["lenet-bn", 0.6],
])("%s at batch 256 is planned into at most %d of the sum of its tensors", (family, share) => {
  const side = family === "lenet-bn" ? 28 : 96;
  const found = summary(families[family](), { input: [1, side, side], batch: 256 });
  const { slots, sum, bound } = found.memory.activations, MiB = (bytes: number) => (bytes / 2 ** 20).toFixed(2);
  expect(slots / sum).toBeLessThanOrEqual(share);
  expect(slots / bound).toBeLessThanOrEqual(1.45);
  expect(String(found)).toContain(
    `${MiB(slots)} MiB   planned, with their gradients; side by side they would take ${MiB(sum)} MiB`);
});

test("summary() tells what an adapter must bind, and what clipping adds", () => {
  const options = { input: [1, 96, 96], batch: 256 }, net = families.resnet18(), found = summary(net, options);
  expect(found.largest).toEqual({ name: "0.0.y", bytes: 4 * 256 * 64 * 48 * 48 });
  expect(String(found)).toContain("on an adapter that binds 144.00 MiB at once, for 0.0.y");
  expect(() => summary(net, { ...options, limit: 2 ** 27 })).toThrow(
    /0\.0\.y \[256, 48, 48, 64\] takes 150,994,944 bytes; this device binds at most 134,217,728/);
  expect(String(summary(net, { ...options, batch: 1 }))).toContain("on any adapter: no tensor is larger than 128 MiB");
  expect(summary(net, { ...options, clip: clipNorm(1) }).dispatches).toBe(found.dispatches + 3);
});
