// What the playground's buttons do with a visitor's layer. In the page a worker does it; tests do it in Node.
import {
  avgPool2d, conv2d, flatten, forward, kaimingUniform, linear, relu, sequential, sgd, ShaderError, train,
  type Device, type Part,
} from "convoy-gpu";
import { bench, layerCase, roofline, type Roofline } from "convoy-gpu/bench";
import { checkBounds, checkEnds, checkGradients, checkRaces, watch, type Finding } from "convoy-gpu/check";
import { subset, type Split } from "convoy-gpu/data";
import type { Kernel } from "convoy-gpu/wgsl";
import { kernelsOf, makeLayer, type Made, type Place } from "./layer.js";
import type { Action, Draft, FromWorker, Shown } from "./protocol.js";

/** What there is to work with. `roof` and `ended` are kept from one action to the next. */
export interface Tools {
  readonly device: Device;
  readonly data: () => Promise<Split>;
  post(message: FromWorker): void;
  roof?: Promise<Roofline>;
  /** The draft whose loops are known to end. */
  ended?: string;
}

/**
 * Does what a button says. Throws what is wrong with the draft; nothing of it runs on the GPU before its loops are
 * known to end, and trains but with its loops counted.
 */
export async function work(action: Action, { shader, code }: Draft, tools: Tools): Promise<void> {
  const [kernel] = Object.values(kernelsOf(shader)), { device } = tools;
  await compile(device, kernel);
  const made = await makeLayer(shader, code), draft = JSON.stringify([shader, code]);
  const places = (findings: readonly Finding[]) => placesIn(findings, shader);
  if (tools.ended !== draft) await ends(made, [made.input]);
  tools.ended = draft;
  if (action === "train") await ends(made, inLenet);
  await actions[action](made, tools, places);
  tools.post({ type: "done" });

  async function ends({ layer }: Made, inputs: readonly Made["input"][]): Promise<void> {
    for (const input of inputs) {
      const { findings: [stuck] } = await checkEnds(layer, [input], { device, range: 2 });
      if (stuck) throw looped(stuck);
    }
  }
}

/** A loop that does not end, at its line. */
const looped = ({ message, line }: Finding) => new ShaderError(message, { errors: [{ line, column: 1, message }] });

/** Compiles the shader as it stands: all that is wrong with it at once. */
async function compile({ gpu }: Device, { code, origin }: Kernel): Promise<void> {
  gpu.pushErrorScope("validation");
  const { messages } = await gpu.createShaderModule({ label: "playground", code }).getCompilationInfo();
  await gpu.popErrorScope();
  const errors = messages.filter(({ type }) => type === "error")
    .map(({ lineNum, linePos, message }) => ({ line: origin?.[lineNum - 1] ?? lineNum, column: linePos, message }));
  if (!errors.length) return;
  const [{ line, column, message }] = errors;
  throw new ShaderError(`the shader does not compile: line ${line}, column ${column}: ${message}`, { errors });
}

type Placed = (findings: readonly Finding[]) => Place[];
const actions: Readonly<Record<Action, (made: Made, tools: Tools, places: Placed) => Promise<void>>> = {
  async run({ layer, input }, { device, post }, places) {
    const [N, H, W, C] = input, shape = [N, C, H, W];
    const data = Float32Array.from({ length: N * C * H * W }, (_, i) => 4 * (((i + 1) * 0.6180339887) % 1) - 2);
    const y = await forward(layer, { device, x: { shape, data } });
    const tensors = [shown("x", shape, data), shown("y", y.shape, y.data)];
    post({ type: "values", name: layer.name, tensors, kernels: y.kernels });
    const { looked, findings } = await checkBounds(layer, [input], { device });
    if (findings.length)
      post({ type: "checked", action: "run", looked, findings, hints: [], places: places(findings), errors: [] });
  },
  async gradients({ layer, input }, { device, post }, places) {
    const errors: Shown[] = [];
    const { looked, findings } = await checkGradients(layer, [input], {
      device, elements: 160,
      seen(name, shape, at, got, want) { errors.push(map(name, shape, at, got, want)); },
    });
    post({ type: "checked", action: "gradients", looked, findings, hints: [], places: places(findings), errors });
  },
  async races({ layer, input }, { device, post }, places) {
    const races = await checkRaces(layer, [input]), bounds = await checkBounds(layer, [input], { device });
    const findings = [...races.findings, ...bounds.findings];
    const looked = [...races.looked, ...bounds.looked, ...races.notes], { hints } = races;
    const where = [...places(findings), ...places(hints).map((p) => ({ ...p, hint: true }))];
    post({ type: "checked", action: "races", looked, findings, hints, places: where, errors: [] });
  },
  async bench({ layer, input, macs }, tools) {
    const limits = await (tools.roof ??= roofline(tools.device));
    const one = layerCase(layer.name, input.join("×"), input, layer);
    const rows = await bench(tools.device, one, { roofline: limits, rounds: 5 });
    tools.post({ type: "benched", roofline: limits, macs, rows });
  },
  async train(made, { device, data, post }) {
    const all = await data(), { software } = device.adapter;
    const images = Math.min(all.train.size, software ? 640 : 10000);
    const tests = Math.min(all.test.size, software ? 200 : 2000);
    const { layer, found } = watch(made.layer, { device });  // a loop may end on drawn values and not on these
    const some = { ...all, train: subset(all.train, images), test: subset(all.test, tests) };
    const run = await train(lenet({ ...made, layer }), {
      device, data: some, batch: 32, epochs: 2, seed: 1,
      init: kaimingUniform, optimizer: sgd({ lr: 0.02, momentum: 0.9 }),
    });
    try {
      for await (const e of run) {
        const stuck = found(await run.weights());
        if (stuck) throw looped(stuck);
        post({ type: "trained", losses: e.losses, epoch: e.epoch, test: e.epochEnd ? e.test?.accuracy : undefined });
      }
    } finally { run.destroy(); }
  },
};

/** Values [N, C, H, W] or [N, C]: the first image's planes; features are a row. */
function shown(name: string, shape: readonly number[], data: Float32Array): Shown {
  const [, count, height, width] = shape.length === 4 ? shape : [1, 1, 1, shape.at(-1)!];
  const each = height * width, kept = Math.min(count, 16);
  return { name, shape, planes: { data: data.slice(0, kept * each), shape: [kept, height, width], of: count } };
}

/** |got − want| at the elements that were looked at, of a tensor in the shader's order; NaN at all others. */
function map(
  name: string, shape: readonly number[], at: readonly number[], got: readonly number[], want: readonly number[],
): Shown {
  const all = new Float32Array(shape.reduce((a, n) => a * n, 1)).fill(NaN);
  const scale = Math.max(1e-12, ...want.map(Math.abs));
  at.forEach((i, k) => {
    const error = Math.abs(got[k] - want[k]) / scale;
    all[i] = Number.isFinite(error) ? error : 1;  // NaN would say that it was not looked at
  });
  if (name !== "dx" || shape.length !== 4) return { ...shown(name, [1, all.length], all), shape };
  const [, H, W, C] = shape;
  const first = Float32Array.from({ length: H * W * C }, (_, i) => all[(i % (H * W)) * C + Math.floor(i / (H * W))]);
  return shown(name, [shape[0], C, H, W], first);
}

/** Where findings lie that name a line of the visitor's text. */
function placesIn(findings: readonly Finding[], shader: string): Place[] {
  const lines = shader.split("\n");
  return findings.flatMap(({ line, message }): Place[] => {
    if (!line) return [];
    return [{ file: "shader", line, column: 1 + Math.max(0, lines[line - 1].search(/\S/)), message }];
  });
}

/** Inputs of the layer in LeNet: behind its two convolutions. */
const inLenet: readonly Made["input"][] = [[2, 28, 28, 6], [2, 10, 10, 16]];

/** LeNet with the layer in it. */
function lenet({ layer, place }: Made): Part {
  const own = layer as Part, act = place === "activation" ? own : relu();
  const pool = () => place === "pool" ? own : avgPool2d({ kernel: 2 });
  const after = place === "norm" ? [own, act] : [act];
  return sequential(
    conv2d({ filters: 6, kernel: 5, padding: 2 }), ...after, pool(),
    conv2d({ filters: 16, kernel: 5 }), ...after, pool(),
    flatten(), linear({ units: 120 }), relu(), linear({ units: 84 }), relu(), linear({ units: 10 }));
}
