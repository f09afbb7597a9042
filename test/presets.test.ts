import { expect, test } from "vitest";
import { family as alexnet } from "../examples/alexnet/family.js";
import { family as densenet } from "../examples/densenet/family.js";
import { family as googlenet } from "../examples/googlenet/family.js";
import { family as lenetBn } from "../examples/lenet-bn/family.js";
import { family as lenet } from "../examples/lenet/family.js";
import { family as nin } from "../examples/nin/family.js";
import { family as resnet } from "../examples/resnet/family.js";
import { inputOf, optimizerOf, presetNames } from "../examples/shared/family.js";
import { together } from "../examples/shared/protocol.js";
import { readSettings } from "../examples/shared/state.js";
import { family as vgg } from "../examples/vgg/family.js";
import { summary } from "../src/index.js";

test.each([
  lenet, lenetBn, alexnet, vgg, nin, googlenet, resnet, densenet,
])("the presets of $title are all in its controls, and grow", (family) => {
  const sizes = presetNames.map((name) => {
    const settings = readSettings(family.controls, family.presets[name], "");
    for (const { name: control, values } of family.controls) {
      const wanted = family.presets[name][control];
      if (wanted !== undefined) expect(settings[control], control).toBe(wanted);
      if (values) expect(values, `${control} of ${name}`).toContain(settings[control]);
    }
    return together(summary(family.build(settings, 10), {
      input: inputOf([1, 28, 28], settings), batch: Number(settings.batch), optimizer: optimizerOf(settings),
    }).memory);
  });
  expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
  expect(sizes[0]).toBeLessThan(2 ** 26);
});

test("the article's VGG is its small one", () => {
  expect(summary(vgg.build(vgg.presets.article, 10), { input: [1, 224, 224], batch: 1 }).parameters).toBe(43_093_322);
});
