import type { Block } from "../src/index.js";
import { alexnet, type AlexnetOptions } from "./alexnet.js";
import { densenet } from "./densenet.js";
import { googlenet } from "./googlenet.js";
import { lenet, type LenetOptions } from "./lenet.js";
import { lenetBn } from "./lenetBn.js";
import { nin } from "./nin.js";
import { resnet } from "./resnet.js";
import { vgg, type VggOptions } from "./vgg.js";

/** What a family may be asked for; each takes what it has a use for. */
export type FamilyOptions = AlexnetOptions & LenetOptions & VggOptions;

/**
 * The networks by name: for command lines, pages and tests that let their users choose.
 * "Pure", for bundlers: who takes one network gets one.
 */
export const families: Readonly<Record<string, (options?: FamilyOptions) => Block>> = {
  lenet, "lenet-bn": lenetBn, alexnet, vgg11: /* @__PURE__ */ vgg(11), vgg13: /* @__PURE__ */ vgg(13),
  vgg16: /* @__PURE__ */ vgg(16), vgg19: /* @__PURE__ */ vgg(19), nin, googlenet,
  resnet18: /* @__PURE__ */ resnet(18), resnet34: /* @__PURE__ */ resnet(34), densenet,
};
