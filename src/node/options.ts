import { accessSync, constants, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseArgs, type ParseArgsConfig } from "node:util";
import { families, recipe, recipeNames, type FamilyOptions, type Recipe, type RecipeName } from "../../models/index.js";
import { augmentation, type Augmentation } from "../data/augment.js";
import { levelsOf, type Normalise } from "../data/prepare.js";
import { OptionError } from "../errors.js";
import { isSet, sets } from "./data.js";

/** What `convoy train`, `profile` or `tune` was asked for, everything decided. */
export interface TrainCommand extends Recipe {
  readonly command: "train" | "profile" | "tune";
  readonly model: string;
  readonly recipe: RecipeName;
  /** Which Fashion-MNIST, or a folder. */
  readonly data: string;
  readonly seed: number;
  readonly adapter?: "auto" | "system" | "software";
  readonly output: string;
  /** Where the checkpoint of the best epoch goes, whenever there is a better one. */
  readonly keepBest?: string;
  /** A file that an earlier training has saved, to go on from. */
  readonly resume?: string;
  /** Images that run at once; a batch above it is taken in parts. */
  readonly microBatch?: number;
  readonly augment?: Augmentation;
  readonly normalise?: Normalise;
  /** At most so many training images, and half as many test images. */
  readonly limit?: number;
  readonly quiet: boolean;
  /** Rungs by measurement, as in train(). */
  readonly tune?: boolean;
  /** Where a profile, a table of rungs or the course of a training goes as data. */
  readonly json?: string;
}

type Text = string | undefined;
interface Flag { readonly value?: string; readonly short?: string; readonly help: string }

const activations = ["relu", "sigmoid", "tanh"] as const;
const adapters = ["auto", "system", "software"] as const;
const flags = {
  recipe: {
    value: recipeNames.join("|"),
    help: "where batch, epochs, lr, momentum and activation come from unless\n"
      + "given: quick (default), or d2l, as in the book d2l.ai",
  },
  data: {
    value: `${sets.join("|")}|DIR`,
    help: "Fashion-MNIST: 10,000 + 2,000 images out of the package (default), all\n"
      + "70,000, or auto: all if they are on the disk; or a folder: IDX files,\n"
      + "CIFAR's .bin files, or PNG and JPEG images in one folder a class",
  },
  limit: { value: "N", help: "only the first N training images and N/2 test images" },
  batch: { value: "N", help: "images a step" },
  "micro-batch": { value: "N", help: "images at once: a batch that does not fit is taken in parts" },
  epochs: { value: "N", help: "passes over the training images" },
  lr: { value: "X", help: "learning rate" },
  momentum: { value: "X", help: "of SGD, 0 to 1" },
  activation: { value: activations.join("|"), help: "of networks that leave the choice" },
  "input-size": { value: "N", help: "height and width that images are resized to" },
  width: { value: "X", help: "scales channels and hidden sizes, such as 0.25" },
  augment: {
    value: "LIST",
    help: "random changes of the training images, such as\n"
      + "crop=4,flip,brightness=0.2,contrast=0.2,erase=0.25",
  },
  normalise: {
    value: "MEAN/STD",
    help: "of pixels from 0 to 1, for all channels or each: 0.286/0.353 or\n"
      + "0.49,0.48,0.45/0.25,0.24,0.26",
  },
  seed: { value: "N", help: "decides all that is random; default 1" },
  adapter: {
    value: adapters.join("|"),
    help: "the system's GPU, or SwiftShader, which is slow but always there;\n"
      + "default auto, or what CONVOY_ADAPTER says",
  },
  output: { value: "FILE", short: "o", help: "where the weights go; default MODEL.safetensors" },
  "keep-best": { value: "FILE", help: "save here, too, after each epoch with the lowest test loss so far" },
  resume: {
    value: "FILE",
    help: "go on with the training that has saved this file; its other\n"
      + "options are to be given again",
  },
  tune: {
    value: "on|off",
    help: "each operator's fastest kernel, measured between the first steps\n"
      + "or before by convoy tune; default on for GPUs, off for software",
  },
  json: { value: "FILE", help: "the course of the training, the profile or the rungs, as data" },
  quiet: { short: "q", help: "one line an epoch, and the result" },
  help: { short: "h", help: "this" },
} as const satisfies Record<string, Flag>;

/** What decides a step, and so means something to `profile` and `tune`. */
const profiled = ["recipe", "batch", "lr", "momentum", "activation", "input-size", "width", "seed", "adapter", "json"];

/** What `convoy --help` says. */
export function help(): string {
  const margin = " ".repeat(38), row = (left: string, right: string) =>
    (left.length < margin.length - 1 ? left.padEnd(margin.length) : `${left}\n${margin}`)
      + right.replaceAll("\n", `\n${margin}`);
  const shown = Object.entries<Flag>(flags).map(([name, { value, short, help: text }]) =>
    row(`  ${short ? `-${short}, ` : "    "}--${name}${value ? ` ${value}` : ""}`, text));
  const models = Object.keys(families).join(", ").replace(/(?=.{69})(.{1,68},) /g, "$1\n");
  return [
    "Trains a convolutional network on WebGPU, and saves what it has learned.", "",
    "  convoy train MODEL [options]       in this folder: npm run train -- MODEL [options]",
    "  convoy profile MODEL [options]     times a training step, layer by layer: npm run profile -- MODEL [options]",
    "  convoy tune MODEL [options]        times the kernels that each layer could take, and keeps which are best",
    "  convoy bench --help                times kernels, rung by rung; convoy roofline: the adapter's limits",
    "  convoy check FILE.mjs              checks layers of your own; convoy check --help",
    "  convoy --version                   which Convoy this is", "", row("  MODEL", models), ...shown, "",
    "Ctrl-C ends the training and saves what was reached, for --resume; a second one leaves at once.",
    "Exit codes: 0 done, 1 failed, 2 an option is wrong, 130 ended by Ctrl-C.",
  ].join("\n");
}

/** Reads a command line. Throws an OptionError, a sentence for whoever typed it. */
export function parse(args: readonly string[]): TrainCommand | "help" {
  const { values, positionals: [command, model, ...rest] } = split(args), keepBest = values["keep-best"];
  if (values.help || command === undefined || command === "help") return "help";
  if (command !== "train" && command !== "profile" && command !== "tune")
    wrong(`there is no command "${command}", only train, profile, tune, bench, roofline and check`);
  const alien = Object.keys(values).find((name) => command !== "train" && !profiled.includes(name));
  if (alien) wrong(`--${alien} is no option of ${command}`);
  if (model === undefined) wrong(`${command} what? One of ${Object.keys(families).join(", ")}`);
  if (rest.length) wrong(`"${rest[0]}" is one word too many`);
  if (!Object.hasOwn(families, model)) wrong(`there is no model "${model}", only ${Object.keys(families).join(", ")}`);

  const name = choice("recipe", values.recipe, recipeNames) ?? "quick", base = recipe(name, model);
  const activation = choice("activation", values.activation, activations);
  const width = number("width", values.width, "above 0", (v) => v > 0);
  const scaled = width !== undefined && { width };
  const options: FamilyOptions = { ...base.options, ...activation && { activation }, ...scaled };
  const output = values.output ?? `${model}.safetensors`;
  if (keepBest && resolve(keepBest) === resolve(output)) wrong(`--keep-best and --output are both ${output}`);
  return {
    ...base, options, command, model, recipe: name,
    inputSize: integer("input-size", values["input-size"], 1, 4096) ?? base.inputSize,
    batch: integer("batch", values.batch, 1, 2 ** 20) ?? base.batch,
    microBatch: integer("micro-batch", values["micro-batch"], 1, 2 ** 20),
    epochs: integer("epochs", values.epochs, 1, 1e6) ?? base.epochs,
    lr: number("lr", values.lr, "above 0", (v) => v > 0) ?? base.lr,
    momentum: number("momentum", values.momentum, "from 0 to below 1", (v) => v >= 0 && v < 1) ?? base.momentum,
    data: images(values.data),
    seed: integer("seed", values.seed, 0, 2 ** 32 - 1) ?? 1,
    augment: augment(values.augment),
    normalise: normalise(values.normalise),
    adapter: choice("adapter", values.adapter, adapters),
    output: command === "train" ? writable("output", output) : "",
    tune: values.tune === undefined ? undefined : choice("tune", values.tune, ["on", "off"]) === "on",
    json: values.json === undefined ? undefined : writable("json", values.json),
    keepBest: keepBest && writable("keep-best", keepBest),
    limit: integer("limit", values.limit, 2, 1e9),
    resume: readable(values.resume), quiet: Boolean(values.quiet),
  };
}

/** The words of a command that has options of its own. Throws an OptionError as parse() does. */
export function parsed<T extends NonNullable<ParseArgsConfig["options"]>>(
  command: string, args: readonly string[], options: T,
): ReturnType<typeof parseArgs<{ allowPositionals: true; options: T }>> {
  try { return parseArgs({ args: [...args], allowPositionals: true, options }); } catch (e) {
    return wrong((e as Error).message.split(". ")[0], `convoy ${command}`, e);
  }
}

function split(args: readonly string[]) {
  const options = Object.fromEntries(Object.entries<Flag>(flags).map(([name, { value, short }]) =>
    [name, { type: value ? "string" : "boolean", ...short && { short } } as const]));
  const { tokens } = parseArgs({ args: [...args], options, allowPositionals: true, strict: false, tokens: true });
  const values: Partial<Record<keyof typeof flags, string>> = {}, positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const { name, rawName, value } = token;
    const flag = Object.hasOwn(flags, name) ? (flags as Record<string, Flag>)[name] : undefined;
    if (!flag) wrong(`there is no option ${rawName}`);
    if (flag.value && (value === undefined || value === "")) wrong(`${rawName} needs a value: ${flag.value}`);
    if (!flag.value && value !== undefined) wrong(`${rawName} takes no value`);
    values[name as keyof typeof flags] = value ?? "yes";
  }
  return { values, positionals };
}

function wrong(why: string, command = "convoy", cause?: unknown): never {
  throw new OptionError(`${why}; ${command} --help lists what there is`, {}, cause);
}

function choice<T extends string>(name: string, text: Text, among: readonly T[]): T | undefined {
  if (text !== undefined && !among.includes(text as T))
    wrong(`--${name} is ${among.slice(0, -1).join(", ")} or ${among.at(-1)}, not "${text}"`);
  return text as T | undefined;
}

function number(name: string, text: Text, range: string, fits: (value: number) => boolean): number | undefined {
  if (text === undefined) return undefined;
  const value = /^[-+.\de]+$/i.test(text) ? Number(text) : NaN;
  if (!Number.isFinite(value) || !fits(value)) wrong(`--${name} is a number ${range}, not "${text}"`);
  return value;
}

function integer(name: string, text: Text, least: number, most: number): number | undefined {
  const range = `without a fraction, from ${least} to ${most}`;
  return number(name, text, range, (v) => Number.isInteger(v) && v >= least && v <= most);
}

/** "crop=4,flip": augmentation({ crop: 4, flip: true }). */
function augment(text: Text): Augmentation | undefined {
  if (text === undefined) return undefined;
  const parts = text.split(",").map((part) => part.split(/=(.*)/s));
  const options = Object.fromEntries(parts.map(([name, value]) =>
    [name, value === undefined ? true : number(`augment ${name}`, value, "of at least 0", (v) => v >= 0)]));
  try { return augmentation(options); } catch (e) { return wrong(`--${(e as Error).message}`); }
}

/** "0.286/0.353", or a number for each channel on both sides. */
function normalise(text: Text): Normalise | undefined {
  if (text === undefined) return undefined;
  const [mean, std, ...more] = text.split("/").map((side) =>
    side.split(",").map((v) => number("normalise", v, "on both sides of a slash", () => true)!));
  if (!std || more.length) wrong(`--normalise is MEAN/STD, not "${text}"`);
  const options = { mean: mean.length > 1 ? mean : mean[0], std: std.length > 1 ? std : std[0] };
  try { levelsOf(options, Math.max(mean.length, std.length), 1); } catch (e) { wrong(`--${(e as Error).message}`); }
  return options;
}

/** What is known of the file or folder; undefined if there is none. */
const stat = (path: string) => statSync(path, { throwIfNoEntry: false });

function images(text: Text = "subset"): string {
  if (!isSet(text) && !stat(text)?.isDirectory()) wrong(`--data is ${sets.join(", ")} or a folder, not "${text}"`);
  return text;
}

/** Better to hear now than after an hour of work that a file cannot be written. */
export function writable(flag: string, path: string): string {
  try {
    accessSync(dirname(path), constants.W_OK);
  } catch { wrong(`--${flag} ${path}: the folder ${dirname(path)} is not there, or may not be written to`); }
  if (stat(path)?.isDirectory()) wrong(`--${flag} ${path} is a folder`);
  return path;
}

function readable(path: Text): Text {
  if (path !== undefined && !stat(path)?.isFile()) wrong(`--resume ${path}: there is no such file`);
  return path;
}
