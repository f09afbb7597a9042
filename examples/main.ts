// The gallery: a training step as it is, drawn one block a dispatch, and what this browser would train on.
import { openDevice, summary, type LayerSummary } from "convoy-gpu";
import { family as alexnet } from "./alexnet/family.js";
import { family as densenet } from "./densenet/family.js";
import { family as googlenet } from "./googlenet/family.js";
import { family as lenetBn } from "./lenet-bn/family.js";
import { family as lenet } from "./lenet/family.js";
import { family as nin } from "./nin/family.js";
import { family as resnet } from "./resnet/family.js";
import { number } from "./shared/dom.js";
import { inputOf, optimizerOf, type Family } from "./shared/family.js";
import { textOf } from "./shared/protocol.js";
import { svg } from "./shared/svg.js";
import { family as vgg } from "./vgg/family.js";

const families: Readonly<Record<string, Family>> = {
  lenet, "lenet-bn": lenetBn, alexnet, nin, vgg, googlenet, resnet, densenet,
};
const convoy = document.getElementById("convoy"), text = document.getElementById("convoy-text");
const adapter = document.getElementById("adapter");

/** A network as its page trains it in the article's way. */
function describe({ build, presets: { article } }: Family) {
  const input = inputOf([1, 28, 28], article);
  const options = { input, batch: Number(article.batch), optimizer: optimizerOf(article) };
  return { side: input[1], ...summary(build(article, 10), options) };
}

/** One step of LeNet: gather, and a kernel for each layer that weighs or pools; the last is the update. */
function drawStep(): void {
  const { dispatches, layers } = describe(lenet);
  const forward = 1 + layers.filter(({ layer }) => /conv|pool|linear/i.test(layer)).length;
  convoy?.replaceChildren(...Array.from({ length: dispatches }, (_, i) => {
    const block = document.createElement("span");
    block.className = i < forward ? "" : i === forward || i === dispatches - 1 ? "turn" : "back";
    block.style.animationDelay = `${(2.2 * i) / dispatches}s`;
    return block;
  }));
  if (text) {
    text.textContent = `One training step of LeNet, as a GPU gets it: ${dispatches} dispatches in one submit, `
      + "one block each.";
  }
}
drawStep();

/**
 * A network's outline: a bar for each layer that weighs or pools, as high as its images, as wide as its channels, each
 * by its logarithm.
 */
function outline(of: readonly LayerSummary[], side: number): HTMLElement[] {
  return of.filter(({ layer }) => /conv|pool|linear/i.test(layer)).map(({ layer, shape: [, channels, height = 1] }) => {
    const bar = document.createElement("span");
    bar.className = layer === "linear" ? "linear" : /pool/i.test(layer) ? "pool" : "";
    bar.style.height = `${8 + 53 * Math.log2(height) / Math.log2(side)}px`;
    bar.style.width = `${4 * Math.log2(channels)}px`;
    return bar;
  });
}

const many = (n: number) => n < 1e6 ? `${number(n / 1e3)},000` : `${number(n / 1e6, 1)} M`;
for (const [name, family] of Object.entries(families)) {
  const { layers, parameters, side } = describe(family), bars = outline(layers, side);
  const box = document.getElementById(name), facts = box?.parentElement?.querySelector(".facts-line");
  box?.replaceChildren(...bars);
  box?.classList.toggle("many", bars.length > 24);
  if (facts) facts.textContent = `${many(parameters)} parameters, ${side} × ${side} pixels`;
}

/** A plane of squares, those of a window and of the cell it makes in other colours. */
function squares(side: number, window: (row: number, column: number) => string): HTMLElement {
  const plane = document.createElement("span");
  plane.className = "squares";
  plane.style.gridTemplateColumns = `repeat(${side}, 10px)`;
  plane.append(...Array.from({ length: side * side }, (_, i) => {
    const square = document.createElement("span");
    square.className = window(Math.floor(i / side), i % side);
    return square;
  }));
  return plane;
}
document.getElementById("convolution")?.append(
  squares(5, (row, column) => row < 3 && column > 1 ? "seen" : ""),
  squares(3, () => "weight"),
  squares(3, (row, column) => row === 0 && column === 2 ? "made" : ""));

/** A roofline with kernels under it: what the benchmark draws. */
const kernels = [[24, 50], [46, 35], [70, 27], [88, 19], [112, 23], [130, 14]];
document.getElementById("benchmark")?.append(svg("svg", { viewBox: "0 0 150 64", width: 150, height: 64 },
  svg("path", { d: "M3 58L62 10H147", class: "outline" }),
  ...kernels.map(([cx, cy], i) => svg("circle", { cx, cy, r: 4.5, class: ["conv", "linear", "pool"][i % 3] }))));

/** A shader's lines, one of them underlined: what the playground edits. */
const lines = [[0, 44], [12, 78], [12, 60], [24, 70], [12, 36], [0, 10]];
document.getElementById("playground")?.append(svg("svg", { viewBox: "0 0 150 64", width: 150, height: 64 },
  ...lines.map(([x, width], i) => svg("rect", {
    x: x + 3, y: 4 + 10 * i, width, height: 5, rx: 2.5, class: i === 3 ? "linear" : i % 2 ? "pool" : "conv",
  })),
  svg("path", { d: "M108 34l10 10 22-26", class: "outline" })));

async function say(to: HTMLElement): Promise<void> {
  try {
    const device = await openDevice(), { name, software } = device.adapter;
    device.destroy();
    to.textContent = software
      ? `Your adapter is ${name}: software, so everything works, slowly.`
      : `Your GPU: ${name}.`;
  } catch (error) {
    to.textContent = `Nothing to train on yet: ${textOf(error)}.`;
  }
}
if (adapter) void say(adapter);
