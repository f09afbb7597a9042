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

/** The networks by name: for command lines, pages and tests that let their users choose. */
export const families: Readonly<Record<string, (options?: FamilyOptions) => Block>> = {
  lenet, "lenet-bn": lenetBn, alexnet, vgg11: vgg(11), vgg13: vgg(13), vgg16: vgg(16), vgg19: vgg(19), nin, googlenet,
  resnet18: resnet(18), resnet34: resnet(34), densenet,
};
