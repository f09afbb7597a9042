import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { checked, openTestDevice } from "../support.js";
import type { Check } from "./compare.js";
import { checkModel, type ModelFile } from "./models.js";

const read = (name: string): ModelFile => JSON.parse(readFileSync(new URL(`${name}.json`, import.meta.url), "utf8"));

async function checks(file: ModelFile): Promise<Check[]> {
  const device = await openTestDevice();
  return checked(device, async () => {
    const found: Check[] = [];
    for await (const check of checkModel(device, file)) found.push(check);
    return found;
  });
}

const small = [
  "lenet", "lenet-relu", "lenet-bn", "alexnet-quarter-96", "vgg11-eighth-32", "nin-quarter", "googlenet-eighth",
  "resnet18-eighth-64", "densenet-quarter-64",
];

test.each(small.map((name) => `model-${name}`))("PyTorch agrees: %s", async (name) => {
  const found = await checks(read(name));
  for (const { name: what, error, tolerance, ok } of found)
    if (!ok) expect.fail(`${what}: off by ${error.toExponential(1)}, allowed ${tolerance}`);
  const kinds = found.map((c) => c.name.replace(/^.*?: |, at worst .*| \(a relu.*/g, ""));
  expect(kinds.filter((what) => what !== "running statistics after")).toEqual([
    "layers", "parameters", "number of parameters", "logits", "loss", "gradients", "losses", "parameters after",
    "logits after, in evaluation mode",
  ]);
});

test("an answer that is wrong is seen", async () => {
  const file = read("model-lenet"), [first, ...others] = file.grads;
  const failed = async (change: Partial<ModelFile>) => {
    const found = await checks({ ...file, ...change });
    return found.filter((c) => !c.ok).map((c) => c.name);
  };
  const off = { losses: file.losses.with(4, file.losses[4] * 1.01), logits: file.logits.with(3, 0) };
  expect(await failed(off)).toEqual(["lenet: logits", "lenet: losses, at worst step 4"]);
  expect(await failed({ grads: [{ ...first, sum: first.sum * 1.01 }, ...others] })).toEqual([
    "lenet: gradients, at worst sum of 0.weight",
  ]);
  expect(await failed({ layerShapes: file.layerShapes.with(2, ["MaxPool2d", [8, 6, 14, 14]]) })).toEqual([
    "lenet: layers, number 2: got AvgPool2d [8, 6, 14, 14], want MaxPool2d [8, 6, 14, 14]",
  ]);
});

test("a family that Convoy lacks is unsupported, not wrong", async () => {
  const found = await checks({ ...read("model-lenet"), family: "capsules" });
  expect(found).toMatchObject([{ unsupported: "capsules", ok: false }]);
});
