// The worker's half of the playground. Everything of the visitor's runs here; the page ends it when it takes too long.
import { avgPool2d, conv2d, ConvoyError, flatten, forward, linear, openDevice, relu, sequential, sgd, ShaderError, train, type Device, type Part } from "convoy-gpu";
import { bench, layerCase, roofline, type Roofline } from "convoy-gpu/bench";
import { checkBounds, checkGradients, checkRaces } from "convoy-gpu/check";
import { fashionMnist, subset } from "convoy-gpu/data";
import { kernelsOf, makeLayer, placesOf, type Made } from "./layer.js";
import type { FromWorker, Shown, ToWorker } from "./protocol.js";

const port = globalThis as unknown as { postMessage(message: FromWorker): void; onmessage: ((event: MessageEvent<ToWorker>) => void) | null };
const post = (message: FromWorker) => { port.postMessage(message); };
let opened: Promise<Device> | undefined, roof: Promise<Roofline> | undefined;
const open = () => opened ??= openDevice().then((device) => { post({ type: "adapter", adapter: device.adapter }); return device; });

/** Compiles the shader as it stands: all that is wrong with it at once. */
async function compile({ gpu }: Device, code: string): Promise<void> {
  gpu.pushErrorScope("validation");
  const { messages } = await gpu.createShaderModule({ label: "playground", code }).getCompilationInfo();
  await gpu.popErrorScope();
  const errors = messages.filter(({ type }) => type === "error").map(({ lineNum, linePos, message }) => ({ line: lineNum, column: linePos, message }));
  if (errors.length) throw new ShaderError(`the shader does not compile: line ${errors[0].line}, column ${errors[0].column}: ${errors[0].message}`, { errors });
}

/** Values [N, C, H, W] or [N, C]: the first image's planes; features are a row. */
function shown(name: string, shape: readonly number[], data: Float32Array): Shown {
  const [, count, height, width] = shape.length === 4 ? shape : [1, 1, 1, shape.at(-1)!], each = height * width, kept = Math.min(count, 16);
  return { name, shape, planes: { data: data.slice(0, kept * each), shape: [kept, height, width], of: count } };
}

const work: Readonly<Record<ToWorker["action"], (device: Device, made: Made) => Promise<void>>> = {
  async run(device, { layer, input: [N, H, W, C] }) {
    const shape = [N, C, H, W], data = Float32Array.from({ length: N * C * H * W }, (_, i) => 4 * (((i + 1) * 0.6180339887) % 1) - 2);
    const y = await forward(layer, { device, x: { shape, data } });
    post({ type: "values", name: layer.name, tensors: [shown("x", shape, data), shown("y", y.shape, y.data)], kernels: y.kernels });
  },
  async gradients(device, { layer, input }) {
    const errors: Shown[] = [];
    const { looked, findings } = await checkGradients(layer, [input], { device, elements: 160, seen(name, shape, at, got, want) { errors.push(map(name, shape, at, got, want)); } });
    post({ type: "checked", action: "gradients", looked, findings, errors });
  },
  async races(device, { layer, input }) {
    const [races, bounds] = [await checkRaces(layer, [input]), await checkBounds(layer, [input], { device })];
    post({ type: "checked", action: "races", looked: [...races.looked, ...bounds.looked], findings: [...races.findings, ...bounds.findings], errors: [] });
  },
  async bench(device, { layer, input, macs }) {
    const limits = await (roof ??= roofline(device));
    post({ type: "benched", roofline: limits, macs, rows: await bench(device, layerCase(layer.name, input.join("×"), input, layer), { roofline: limits, rounds: 5 }) });
  },
  async train(device, made) {
    const data = await fashionMnist({ url: new URL("../fashion-mnist/", import.meta.url) }), images = device.adapter.software ? 640 : 10000, tests = device.adapter.software ? 200 : 2000;
    const run = await train(lenet(made), { device, data: { ...data, train: subset(data.train, images), test: subset(data.test, tests) }, batch: 32, epochs: 2, seed: 1, optimizer: sgd({ lr: 0.03, momentum: 0.9 }) });
    try {
      for await (const e of run) post({ type: "trained", losses: e.losses, epoch: e.epoch, test: e.epochEnd ? e.test?.accuracy : undefined });
    } finally { run.destroy(); }
  },
};

/** |got − want| at the elements that were looked at, of a tensor in the shader's order. */
function map(name: string, shape: readonly number[], at: readonly number[], got: readonly number[], want: readonly number[]): Shown {
  const all = new Float32Array(shape.reduce((a, n) => a * n, 1)), scale = Math.max(1e-12, ...want.map(Math.abs));
  at.forEach((i, k) => { all[i] = Math.abs(got[k] - want[k]) / scale; });
  if (shape.length !== 4) return shown(name, [1, all.length], all);
  const [, H, W, C] = shape, first = Float32Array.from({ length: H * W * C }, (_, i) => all[(i % (H * W)) * C + Math.floor(i / (H * W))]);
  return shown(name, [shape[0], C, H, W], first);
}

/** LeNet with the layer in it. */
function lenet({ layer, place }: Made): Part {
  const own = layer as Part, act = place === "activation" ? own : relu(), pool = () => place === "pool" ? own : avgPool2d({ kernel: 2 });
  const after = place === "norm" ? [own, act] : [act];
  return sequential(conv2d({ filters: 6, kernel: 5, padding: 2 }), ...after, pool(), conv2d({ filters: 16, kernel: 5 }), ...after, pool(), flatten(), linear({ units: 120 }), relu(), linear({ units: 84 }), relu(), linear({ units: 10 }));
}

port.onmessage = ({ data: { action, shader, code } }) => {
  let text: string | undefined;
  (async () => {
    const device = await open(), kernels = Object.values(kernelsOf(shader));
    await compile(device, text = kernels[0].code);
    await work[action](device, await makeLayer(shader, code));
    post({ type: "done" });
  })().catch((error: unknown) => {
    const code = error instanceof ConvoyError ? error.code : "code";
    if (code === "device-lost" || code === "gpu") opened = roof = undefined;
    post({ type: "failed", code, message: error instanceof Error ? error.message : String(error), places: placesOf(error, shader, text) });
  });
};
