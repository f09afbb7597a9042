// The layer as a program would write it: with Convoy, and in PyTorch.
import { convolves, weightShape, type Cell, type Setup, type Two } from "./setup.js";

const one = ([h, w]: Two, both = (a: number, b: number) => `[${a}, ${b}]`) => h === w ? String(h) : both(h, w);
const tuple = (a: number, b: number) => `(${a}, ${b})`;

export function code(setup: Setup, channels: number, output: Cell | string): readonly [convoy: string, torch: string] {
  const { layer, size, window, padding, stride, dilation, filters, groups } = setup, conv = convolves(setup);
  const standard = conv ? [1, 1] : window, strided = stride.join() !== standard.join(), padded = padding.some(Boolean);
  const options = [
    conv && `filters: ${filters}`, `kernel: ${one(window)}`,
    strided && `stride: ${one(stride)}`, padded && `padding: ${one(padding)}`,
    dilation > 1 && `dilation: ${dilation}`, groups > 1 && `groups: ${groups}`, conv && "bias: false",
  ].filter(Boolean).join(", ");
  const torch = [
    ...conv ? [channels, filters] : [], one(window, tuple),
    strided && `stride=${one(stride, tuple)}`, padded && `padding=${one(padding, tuple)}`,
    dilation > 1 && `dilation=${dilation}`, groups > 1 && `groups=${groups}`, conv && "bias=False",
  ].filter(Boolean).join(", ");
  const names = { conv: ["conv2d", "Conv2d"], max: ["maxPool2d", "MaxPool2d"], avg: ["avgPool2d", "AvgPool2d"] };
  const [name, theirs] = names[layer];
  return [[
    `const layer = ${name}({ ${options} });`,
    `const x = { shape: [1, ${[channels, ...size].join(", ")}], data: […] };`,
    ...conv ? [`const weights = new Map([["weight", { shape: [${weightShape(setup).join(", ")}], data: … }]]);`] : [],
    `const y = await forward(layer, { device, x${conv ? ", weights" : ""} });`,
    typeof output === "string" ? "// throws: no window fits" : `y.shape  // [1, ${output.join(", ")}]`,
  ].join("\n"), `torch.nn.${theirs}(${torch})`];
}
