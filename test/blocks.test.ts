import { expect, test } from "vitest";
import { blocks, type Item, type Region } from "../examples/shared/blocks.js";
import { histogram } from "../examples/shared/histogram.js";
import { answers } from "../examples/shared/outputs.js";
import { families } from "../models/index.js";
import { summary } from "../src/index.js";

const region = (item: Item): item is Region => "merge" in item;
const kinds = (unit: readonly number[], layers: readonly { layer: string }[]) =>
  unit.map((i) => layers[i].layer).join(" ");

/** Regions of a family's diagram, and the units on the paths of the first. */
const wanted: Readonly<Record<string, readonly [side: number, regions: number, paths: readonly string[]]>> = {
  lenet: [28, 0, []], "lenet-bn": [28, 0, []], alexnet: [96, 0, []], vgg11: [32, 0, []], nin: [96, 0, []],
  googlenet: [64, 9, ["conv2d relu", "conv2d relu, conv2d relu", "conv2d relu, conv2d relu", "maxPool2d, conv2d relu"]],
  resnet18: [32, 8, ["conv2d batchNorm relu, conv2d batchNorm", ""]],
  resnet34: [32, 16, ["conv2d batchNorm relu, conv2d batchNorm", ""]],
  densenet: [32, 16, ["batchNorm relu conv2d", ""]],
};

test.each(Object.entries(wanted))(
  "the diagram of %s holds each layer once, and its forks as regions", (name, [side, count, paths]) => {
    const { layers } = summary(families[name]({ width: 0.125 }), { input: [1, side, side], batch: 2 });
    const items = blocks(layers), regions = items.filter(region);
    const held = items.flatMap((item) => region(item) ? [...item.paths.flat(2), ...item.merge] : item);
    expect(held.sort((a, b) => a - b)).toEqual(layers.map((_, i) => i));
    expect(regions).toHaveLength(count);
    // What is named by class: the last linear layer, or what stands for it.
    const last = layers.filter((_, i) => answers(layers, i, 10)).map(({ layer }) => layer);
    expect(last).toEqual(name === "nin" ? ["adaptiveAvgPool2d", "flatten"] : ["linear"]);
    const first = regions[0]?.paths.map((path) => path.map((unit) => kinds(unit, layers)).join(", "));
    expect(first ?? []).toEqual(paths);
    for (const item of items) if (!region(item)) {
      const names = kinds(item, layers);
      expect(names.match(/conv|linear|pool/gi) ?? [], names).toHaveLength(1);
    }
  });

test("a layer's inputs and weight are PyTorch's", () => {
  const { layers } = summary(families.resnet18(), { input: [1, 32, 32], batch: 2 });
  const add = layers.findIndex(({ layer }) => layer === "add");
  expect(layers[0]).toMatchObject({ inputs: [-1], weight: [64, 1, 7, 7] });
  expect(layers[add].inputs.map((i) => layers[i].layer)).toEqual(["batchNorm", "maxPool2d"]);
  expect(layers.at(-1)).toMatchObject({ layer: "linear", inputs: [layers.length - 2], weight: [10, 512] });
});

test("a histogram counts every number once, zeros apart, and leaves out what is none", () => {
  const { counts, low, high, mean, deviation, zeros, of } = histogram(Float32Array.of(-1, 0, 0, 1, 3, NaN, Infinity));
  expect([low, high, zeros, of, counts.reduce((a, b) => a + b)]).toEqual([-1, 3, 2, 5, 3]);
  expect([mean, deviation]).toEqual([0.6, Math.sqrt(11 / 5 - 0.36)]);
  expect([counts[0], counts.at(-1)]).toEqual([1, 1]);
  expect(histogram(new Float32Array(4))).toMatchObject({ zeros: 4, of: 4, mean: 0 });
});
