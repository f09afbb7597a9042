// The gallery: a training step as it is, drawn one block a dispatch, and what this browser would train on.
import { openDevice, sgd, summary } from "convoy-gpu";
import { families } from "convoy-gpu/models";
import { svg } from "./shared/svg.js";

const { dispatches, layers } = summary(families.lenet({ activation: "tanh" }), { input: [1, 28, 28], batch: 64, optimizer: sgd({ lr: 0.05, momentum: 0.9 }) });
const convoy = document.getElementById("convoy"), text = document.getElementById("convoy-text"), adapter = document.getElementById("adapter");

const forward = layers.length;  // gather and one a layer, but flatten, which is none
convoy?.replaceChildren(...Array.from({ length: dispatches }, (_, i) => {
  const block = document.createElement("span");
  block.className = i < forward ? "" : i === forward ? "turn" : i < dispatches - 2 ? "back" : "turn";
  block.style.animationDelay = `${(2.2 * i) / dispatches}s`;
  return block;
}));
if (text) text.textContent = `One training step of LeNet: ${dispatches} dispatches in one submit, one block each.`;

/** A network's outline: a bar for each layer that weighs or pools, as high as its images, as wide as its channels, each by its logarithm. */
function outline(of: typeof layers, side: number): HTMLElement[] {
  return of.filter(({ layer }) => /conv|pool|linear/i.test(layer)).map(({ layer, shape: [, channels, height = 1] }) => {
    const bar = document.createElement("span");
    bar.className = layer === "linear" ? "linear" : /pool/i.test(layer) ? "pool" : "";
    bar.style.height = `${8 + 53 * Math.log2(height) / Math.log2(side)}px`;
    bar.style.width = `${4 * Math.log2(channels)}px`;
    return bar;
  });
}

const sides: Readonly<Record<string, number>> = { lenet: 28, "lenet-bn": 28, alexnet: 224, vgg: 96, nin: 224, googlenet: 96, resnet: 96, densenet: 96 };
for (const [name, side] of Object.entries(sides)) {
  const net = (families[name] ?? families[{ vgg: "vgg11", resnet: "resnet18" }[name] ?? ""])();
  const bars = outline(summary(net, { input: [1, side, side], batch: 1 }).layers, side), box = document.getElementById(name);
  box?.replaceChildren(...bars);
  box?.classList.toggle("many", bars.length > 24);
}

/** A plane of squares, those of a window and of the cell it makes in other colours. */
function squares(side: number, window: (row: number, column: number) => string): HTMLElement {
  const plane = document.createElement("span");
  plane.className = "squares";
  plane.style.gridTemplateColumns = `repeat(${side}, 10px)`;
  plane.append(...Array.from({ length: side * side }, (_, i) => Object.assign(document.createElement("span"), { className: window(Math.floor(i / side), i % side) })));
  return plane;
}
document.getElementById("convolution")?.append(
  squares(5, (row, column) => row < 3 && column > 1 ? "seen" : ""), squares(3, () => "weight"), squares(3, (row, column) => row === 0 && column === 2 ? "made" : ""));

/** A roofline with kernels under it: what the benchmark draws. */
document.getElementById("benchmark")?.append(svg("svg", { viewBox: "0 0 150 64", width: 150, height: 64 },
  svg("path", { d: "M3 58L62 10H147", class: "outline" }), ...[[24, 50], [46, 35], [70, 27], [88, 19], [112, 23], [130, 14]].map(([cx, cy], i) => svg("circle", { cx, cy, r: 4.5, class: i % 3 === 1 ? "linear" : i % 3 === 2 ? "pool" : "conv" }))));

/** A shader's lines, one of them underlined: what the playground edits. */
document.getElementById("playground")?.append(svg("svg", { viewBox: "0 0 150 64", width: 150, height: 64 },
  ...[[0, 44], [12, 78], [12, 60], [24, 70], [12, 36], [0, 10]].map(([x, width], i) => svg("rect", { x: x + 3, y: 4 + 10 * i, width, height: 5, rx: 2.5, class: i === 3 ? "linear" : i % 2 ? "pool" : "conv" })), svg("path", { d: "M108 34l10 10 22-26", class: "outline" })));

async function say(to: HTMLElement): Promise<void> {
  try {
    const device = await openDevice(), { name, software } = device.adapter;
    device.destroy();
    to.textContent = software ? `Your adapter is ${name}: software, so everything works, slowly.` : `Your GPU: ${name}.`;
  } catch (error) {
    to.textContent = `Nothing to train on yet: ${error instanceof Error ? error.message : String(error)}.`;
  }
}
if (adapter) void say(adapter);
