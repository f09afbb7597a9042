// No kernel indexes past the end of an array, not even where it makes no use of what it loads: the command line trains
// without what would keep it inside (robust: false).
import { expect, test } from "vitest";
import { families } from "../models/index.js";
import { targetOf } from "../src/gpu/device.js";
import { Memory } from "../src/gpu/memory.js";
import { Player } from "../src/gpu/player.js";
import type { Kernel } from "../src/gpu/kernel.js";
import { tensor, type Step, type Target } from "../src/gpu/recorder.js";
import { adam, clipNorm, crossEntropy, sgd } from "../src/index.js";
import { plan, single } from "../src/plan.js";
import { control, RING } from "../src/train/control.js";
import { describe as network, outliving, statesOf } from "../src/train/network.js";
import { evaluation, training } from "../src/train/programs.js";
import { openTestDevice, random } from "./support.js";

const COUNTER = 98;

/**
 * The text with every index of a storage or workgroup array put through a function that counts those outside. Floats in
 * workgroup memory decide no index, so that a read of one becomes its index: reads take SwiftShader long to compile.
 */
function watched(code: string): string {
  const tensors = [...code.matchAll(/var<storage, ?\w+> ?(\w+): ?array<\w+>;/g)]
    .map(([, name]) => ({ name, size: `arrayLength(&${name})` }));
  const tiles = [...code.matchAll(/var<workgroup> ?(\w+): ?array<(\w+), ?([^>]+)>;/g)]
    .map(([, name, type, size]) => ({ name, size: `u32(${size})`, type }));
  const numbers = new Map(tiles.filter(({ type }) => /f(32)?$/.test(type)).map(({ name, type }) => [name, type]));
  const arrays = [...tensors, ...tiles];
  expect(arrays, "every array is seen").toHaveLength(code.match(/var<(?:storage|workgroup)[^;]*: ?array</g)!.length);
  const names = new RegExp(`(?<![.\\w])(${arrays.map(({ name }) => name).join("|")})\\[`);
  const through = (text: string): string => {
    const found = names.exec(text);
    if (!found) return text;
    const begin = found.index + found[0].length;
    let end = begin;
    for (let depth = 1; depth > 0; end++) depth += Number(text[end] === "[") - Number(text[end] === "]");
    const [, name] = found, rest = text.slice(end), written = /^(\.\w+)? *[-+*]?=[^=]/.test(rest);
    const index = `inside_${name}(u32(${through(text.slice(begin, end - 1))}))`;
    const number = written ? undefined : numbers.get(name);
    return `${text.slice(0, found.index)}${number ? `${number}(f32(${index}))` : `${name}[${index}]`}${through(rest)}`;
  };
  const guards = arrays.map(({ name, size }) => `fn inside_${name}(i: u32) -> u32 {
  if (i >= ${size}) { atomicAdd(&outside[0], 1u); }
  return min(i, ${size} - 1);
}
`);
  return `${through(code)}
@group(0) @binding(${COUNTER}) var<storage, read_write> outside: array<atomic<u32>>;
${guards.join("")}`;
}

/**
 * Tiled kernels with what varies by layer as params, so that a few texts do for all: each takes SwiftShader seconds.
 * The indices are the same by constants and by params, and whatever the activation is.
 */
function shared(step: Step): Step {
  const { kernel, overrides, params } = step, names: string[] = [];
  if (!kernel.entry.startsWith("conv2d_tiled")) return step;
  const varying = /^override (R|S|STRIDE_.|DILATION_.|BIAS|SCALED|ADDEND): (.*) =.*$/gm;
  let { code } = kernel;
  for (const [line, name, type] of code.matchAll(varying)) {
    code = code.replace(line, "").replaceAll(RegExp(`\\b${name}\\b`, "g"), `${type}(dim.${name})`);
    names.push(name);
  }
  code = code.replace("struct Params{", `$&${names.map((name) => `${name}:u32,`).join("")}`);
  const fields = Object.fromEntries(names.map((name) => [name, "u32" as const]));
  return {
    ...step, params: { ...params, ...overrides },
    overrides: { ...overrides, ACTIVATION: 0, SLOPE: Math.min(1, overrides.SLOPE) },
    kernel: { ...kernel, code, params: { ...fields, ...kernel.params } },
  };
}

function counting(step: Step, i: number): Step {
  const bindings: Kernel["bindings"] = { ...step.kernel.bindings, outside: [COUNTER, "read_write"] };
  const kernel: Kernel = { ...step.kernel, code: watched(step.kernel.code), bindings };
  return { ...step, kernel, tensors: { ...step.tensors, outside: tensor(`outside ${i}`, [4]) } };
}

const BATCH = 5, MICRO = 3, gpu: Target = { gpu: true, tasks: 512 };

/**
 * Plays a step of a training, its batch in two parts, and an evaluation behind it, and tells which of the dispatches
 * were outside.
 */
async function strays(
  family: string, side: number, options: object, target: (own: Target) => Target,
  change: (step: Step) => Step = (step) => step,
): Promise<string[]> {
  const device = await openTestDevice(), net = network(families[family](options), [1, side, side], 2 ** 32);
  const order = control(BATCH, MICRO), whole = control(BATCH), ring = tensor("ring", [RING, 4]);
  const source = {
    shape: net.input, streamed: false,
    images: tensor("images", [BATCH * side * side / 4]), classes: tensor("labels", [2]),
    levels: tensor("levels", [1, 2]),
  };
  const optimizer = family === "lenet" ? adam() : sgd({ lr: 0.1, momentum: 0.9 });
  const states = statesOf(net, optimizer);
  const common = {
    network: net, batch: BATCH, loss: crossEntropy(), control: order, ring, source,
    target: target(targetOf(device.adapter)),
  };
  const steps = [
    ...training({ ...common, micro: MICRO, optimizer, clip: clipNorm(1), states }).steps,
    ...evaluation({ ...common, control: whole }).steps,
  ];
  const counted = steps.map(change).map(shared).map(counting), memory = new Memory(device);
  const kept = [
    ...outliving({ network: net, control: order, ring, states }, source),
    whole, ...counted.map(({ tensors }) => single(tensors.outside)),
  ];
  await memory.grow(plan([counted], kept, device.adapter.limits.binding));
  memory.write(source.images, Uint8Array.from(random(1, source.images.size * 4), (v) => Math.abs(v) * 255));
  for (const { whole } of net.learned) memory.write(whole, Float32Array.from(random(2, whole.size)));
  const player = await Player.prepare(memory, family, counted);
  try {
    player.play();
    const found = counted.map(async ({ path, kernel, tensors }) => {
      const [outside] = new Uint32Array((await memory.read(tensors.outside)).buffer);
      return outside ? `${path} ${kernel.entry}` : "";
    });
    return (await Promise.all(found)).filter(Boolean);
  } finally { player.destroy(); memory.destroy(); }
}

const all: [family: string, side: number, options: object][] = [
  ["lenet", 28, {}], ["lenet-bn", 28, {}], ["resnet18", 32, { width: 1 / 8 }], ["densenet", 32, { width: 1 / 4 }],
  ["googlenet", 64, { width: 1 / 8 }], ["alexnet", 96, { width: 1 / 8 }], ["vgg11", 32, { width: 1 / 8 }],
  ["nin", 96, { width: 1 / 8 }],
];
const here = process.env.CONVOY_ADAPTER === "system" ? all : all.slice(0, 3);
test.each(here)("%s: no kernel leaves an array, with this adapter's rungs and with a GPU's", {
  timeout: 400_000,
}, async (family, side, options) => {
  expect(await strays(family, side, options, (own) => own)).toEqual([]);
  expect(await strays(family, side, options, () => gpu)).toEqual([]);
});

test.each<[string, (own: Target) => Target, string, string, string]>([
  ["a tensor", (own) => own, "dparam[i]", "dparam[i+1]", "adam adam_update"],
  ["a tile in workgroup memory", () => gpu, "tile_w[i]=w", "tile_w[i+1]=w", "3 conv2d_tiled_forward"],
  ["a tile that it reads", () => gpu, "tile[at+apart]", "tile[at+999]", "3 conv2d_tiled_forward"],
])("a kernel that leaves %s is found", async (_, target, right, wrong, entry) => {
  const spoilt = (step: Step): Step => {
    if (`${step.path} ${step.kernel.entry}` !== entry) return step;
    return { ...step, kernel: { ...step.kernel, code: step.kernel.code.replaceAll(right, wrong) } };
  };
  expect(new Set(await strays("lenet", 28, {}, target, spoilt))).toEqual(new Set([entry]));
});
