// PyTorch's answers for whole networks (model-*.json): names and shapes, a first step, some steps of SGD,
// and what stands after them.
import { families, type FamilyOptions } from "../../models/index.js";
import type { Device } from "../../src/gpu/device.js";
import { Session, sgd, type StateDict } from "../../src/index.js";
import { toNhwc, torchShape } from "../../src/layout.js";
import { RING } from "../../src/train/control.js";
import { Inference } from "../../src/train/inference.js";
import { readWeights, writeWeights } from "../../src/train/weights.js";
import { readGradients } from "../runs.js";
import { difference, values, type Check, type Input } from "./compare.js";
import { KINKED } from "./kinked.js";
import { layers } from "./layers.js";
import { rungsOf } from "./recorded.js";

interface Gradient { name: string; l2: number; sum: number; at: number[]; values: number[] }
export interface ModelFile {
  name: string; family: string; options: FamilyOptions; batch: number; inputSize: number; lr: number;
  input: Input; labels: number[]; layerShapes: [kind: string, shape: number[]][];
  parameters: (Input & { name: string })[]; parameterCount: number;
  logits: number[]; loss: number; grads: Gradient[]; losses: number[];
  evalLogitsAfter: number[]; parametersAfter: { name: string; l2: number }[];
  buffersAfter: Record<string, number[] | { sum: number; first: number[] }>;
}

const LOGITS = 1e-4, STEP = 1e-3, AFTER = 2e-3;
const norm = (numbers: Float32Array | readonly number[]) =>
  Math.sqrt((numbers as readonly number[]).reduce((total, v) => total + v * v, 0));
/** a / b, where nothing is no part of nothing. */
const share = (a: number, b: number) => a === 0 ? 0 : a / b;
const sum = (numbers: Float32Array) => numbers.reduce((total, v) => total + v, 0);
const listed = (name: string, shape: readonly number[]) => `${name} [${shape.join(", ")}]`;

/**
 * One check for each kind of answer that the file has. A family that Convoy lacks is unsupported.
 * A rung is taken wherever it fits; with "each", all that the network has in turn, too.
 */
export async function* checkModel(device: Device, file: ModelFile, rung?: string): AsyncGenerator<Check> {
  const rungs = new Set<string>();
  yield* checkOnce(device, file, rung === "each" ? undefined : rung, rungs);
  if (rung === "each") for (const each of rungs) yield* checkOnce(device, file, each);
}

/** Adds the rungs that fit to `rungs`. */
async function* checkOnce(
  device: Device, file: ModelFile, rung: string | undefined, rungs?: Set<string>,
): AsyncGenerator<Check> {
  const { name, family, options, lr, batch } = file, kinked = KINKED[name];
  const note = kinked ? " (a relu's argument is near 0, or a pooling's two largest are alike: wider limit)" : "";
  const check = (what: string, error: number, tolerance: number): Check => {
    const full = `${name}${rung ? `, rung ${rung}` : ""}: ${what}`;
    return { name: full, op: family, error, tolerance, ok: error <= tolerance };
  };
  const worst = (what: string, tolerance: number, errors: [name: string, error: number][]) => {
    const [where, error] = errors.reduce((a, b) => b[1] > a[1] || Number.isNaN(b[1]) ? b : a, ["", 0]);
    return check(where ? `${what}, at worst ${where}` : what, Number.isNaN(error) ? Infinity : error, tolerance);
  };
  const same = (what: string, got: readonly string[], want: readonly string[]) => {
    const all = Array.from({ length: Math.max(got.length, want.length) }, (_, i) => i);
    const at = all.filter((i) => got[i] !== want[i]), [i] = at;
    return check(at.length ? `${what}, number ${i}: got ${got[i]}, want ${want[i]}` : what, at.length, 0);
  };
  if (!Object.hasOwn(families, family)) return yield { ...check("", Infinity, 0), name, unsupported: family };

  const [, ...input] = file.input.shape, order = new Uint32Array(batch);
  const session = await Session.open(families[family]({ ...options, dropout: 0 }), {
    device, input, batches: [batch], optimizer: sgd({ lr }), rung, keep: ({ logits }) => [logits],
  });
  try {
    const { network, memory, programs: [program] } = session;
    for (const one of rungsOf(program.steps)) rungs?.add(one);
    const learned = [...network.params].filter(([, p]) => p.learned);
    const shapes = learned.map(([path, p]) => ({ path, shape: torchShape(p) }));
    const wanted = file.layerShapes.map(([kind, shape]) => listed(kind, shape));
    yield same("layers", layers(program.graph.nodes, file.layerShapes), wanted);
    const got = shapes.map(({ path, shape }) => listed(path, shape)).sort();
    const named = same("parameters", got, file.parameters.map((p) => listed(p.name, p.shape)).sort());
    yield named;
    const count = shapes.reduce((n, { shape }) => n + shape.reduce((a, b) => a * b, 1), 0);
    yield check("number of parameters", Math.abs(count - file.parameterCount), 0);
    if (!named.ok) return;

    const state: StateDict = await readWeights(memory, network);  // running statistics begin as ours do
    for (const p of file.parameters) state.set(p.name, { shape: p.shape, data: values(p) });
    writeWeights(memory, network, state, { what: name });
    const losses: number[] = [], images = values(file.input), labels = Uint32Array.from(file.labels);
    const step = async () => {
      session.feed(toNhwc(images, program.x.shape), labels);
      const rows = await session.step(order, lr, true)!;
      const [loss, , seen] = rows.subarray(4 * ((session.steps - 1) % RING));
      losses.push(loss / seen);
    };
    await step();
    yield check("logits", difference(await memory.read(program.logits), file.logits), LOGITS);
    yield check("loss", Math.abs(losses[0] / file.loss - 1), STEP);
    yield worst(`gradients${note}`, kinked ?? STEP, gradientErrors(await readGradients(memory, network), file.grads));
    while (losses.length < file.losses.length) await step();
    yield worst(`losses${note}`, kinked ?? STEP, file.losses.map((want, i) =>
      [`step ${i}`, Math.abs(losses[i] / want - 1)]));

    const after = await readWeights(memory, network);
    yield worst(`parameters after${note}`, kinked ?? AFTER, file.parametersAfter.map(({ name: path, l2 }) =>
      [path, Math.abs(norm(after.get(path)!.data) - l2) / l2]));
    const buffers = Object.entries(file.buffersAfter);
    const running = buffers.flatMap(([path, want]): [string, number][] => {
      const got = after.get(path)?.data;
      if (!got) return [[`${path}, which we lack`, Infinity]];
      if (Array.isArray(want)) return [[path, difference(got, want)]];
      return [
        [path, difference(got.subarray(0, want.first.length), want.first)],
        [`sum of ${path}`, Math.abs(sum(got) - want.sum) / Math.max(Math.abs(want.sum), norm(got))],
      ];
    });
    if (buffers.length) yield worst(`running statistics after${note}`, kinked ?? AFTER, running);
    const predictor = await Inference.open(session, batch);
    const logits = difference(await predictor.logits(images), file.evalLogitsAfter);
    yield check("logits after, in evaluation mode", logits, kinked ?? AFTER);
    predictor.destroy();
  } finally { session.destroy(); }
}

/**
 * Norm, sum and a few entries of every gradient, each against its own size: a sum may cancel, so it counts against
 * the norm at least; an entry counts against the root mean square at least.
 */
function gradientErrors(got: StateDict, want: readonly Gradient[]): [name: string, error: number][] {
  const whole = norm(want.map((g) => g.l2));
  return want.flatMap((g): [string, number][] => {
    const { data } = got.get(g.name)!, entries = g.at.map((i) => data[i]);
    // A bias whose channels a batch norm behind it shifts back: the exact gradient is 0,
    // and what either side has is rounding.
    const none = g.name.endsWith(".bias") && g.l2 < 1e-9 * whole;
    const note = none ? " (exactly 0 but for rounding: a batch norm follows)" : "", least = none ? 1e-2 * whole : 0;
    const rms = g.l2 / Math.sqrt(data.length), off = Math.max(...entries.map((v, i) => Math.abs(v - g.values[i])));
    return [
      [`norm of ${g.name}${note}`, share(Math.abs(norm(data) - g.l2), Math.max(g.l2, least))],
      [`sum of ${g.name}${note}`, share(Math.abs(sum(data) - g.sum), Math.max(Math.abs(g.sum), g.l2, least))],
      [`entries of ${g.name}${note}`, share(off, Math.max(rms, ...g.values.map(Math.abs), least))],
    ];
  });
}
