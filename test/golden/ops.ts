// PyTorch's answers for single operators (ops.json) against the public layers, losses and optimizers, on any device.
import type { Device } from "../../src/gpu/device.js";
import { Memory } from "../../src/gpu/memory.js";
import { Player } from "../../src/gpu/player.js";
import { Recorder, root, tensor, type Step, type Tensor } from "../../src/gpu/recorder.js";
import { adam, adamw, crossEntropy, rmsprop, sgd, type Loss, type Optimizer } from "../../src/index.js";
import { plan } from "../../src/plan.js";
import { inverse, permuted } from "../numbers.js";
import type { Attrs, Case, OpsFile } from "./cases.js";
import { activation, difference, values, type Check, type Input } from "./compare.js";
import { layers, recorded, rungsOf } from "./recorded.js";

const FORWARD = 1e-5, GRADIENT = 1e-4;
const losses: Record<string, (attrs: Attrs) => Loss> = { crossEntropy };
const optimizers: Record<string, (attrs: Attrs) => Optimizer> = { adam, adamw, rmsprop, sgd };

/** A rung is taken wherever it fits; with "each", all that a case has in turn, too. */
export async function* checkOps(device: Device, file: OpsFile, rung?: string): AsyncGenerator<Check> {
  for (const c of file.cases) {
    const rungs = rung === "each" ? [undefined, ...layers[c.op] ? rungsOf(recorded(c, device).rec.steps) : []] : [rung];
    for (const one of rungs) yield* await checkCase(device, c, one);
  }
}

/** One check for each quantity that the case has an answer for. */
export async function checkCase(device: Device, c: Case, rung?: string): Promise<Check[]> {
  const name = `${c.op} ${c.name}${rung ? `, rung ${rung}` : ""}`;
  const check = (what: string, got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number): Check => {
    const error = difference(got, want);
    return { name: `${name}: ${what}`, op: c.op, error, tolerance, ok: error <= tolerance };
  };
  if (layers[c.op]) return checkLayer(device, c, check, rung);
  if (losses[c.op]) return checkLoss(device, c, check);
  if (optimizers[c.op]) return checkOptimizer(device, c, check);
  return [{ name, op: c.op, error: Infinity, tolerance: FORWARD, ok: false, unsupported: c.op }];
}
type Checker = (what: string, got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number) => Check;

async function checkLayer(device: Device, c: Case, check: Checker, rung?: string): Promise<Check[]> {
  const { graph, rec, inputs, y, dy } = recorded(c, device, rung);
  const given: Record<string, Input | undefined> = {
    ...c.inputs, running_mean: c.runningMean, running_var: c.runningVar,
  };
  /** The shape of a tensor's memory: features that were flattened lie as height, width, channels. */
  const shapeOf = (t: Tensor) =>
    (t === y || t === dy) && y.features && y.shape.length === 2 ? [y.shape[0], ...y.features] : t.shape;
  const order = new Map<Tensor, readonly number[]>([...inputs, y, dy].map((t) => [t, activation(shapeOf(t))]));
  const named = new Map<string, Tensor>(inputs.map((t) => [t.name, t]));
  for (const [name, { tensor: t, spec }] of graph.params) {
    order.set(t, spec.torch ?? spec.shape.map((_, axis) => axis));
    named.set(name, t);
  }
  const fill = new Map([...named, ["dy", dy] as const].map(([name, t]) => {
    const { shape, ...input } = name === "dy" ? c.outputGrad! : given[name]!, axes = order.get(t)!;
    const from = t === dy ? inverse(axes).map((axis) => shapeOf(t)[axis]) : shape;
    return [t, permuted(values({ ...input, shape }), from, axes)];
  }));
  const wanted = [...named].flatMap(([name, t]): [string, Tensor, number[], Tensor][] =>
    c.inputGrads?.[name] ? [[`d${name}`, graph.grads.get(t) ?? t, c.inputGrads[name], t]] : []);
  const after = [["running_mean", c.runningMeanAfter], ["running_var", c.runningVarAfter]] as const;

  return played(device, rec.steps, [...fill.keys(), y, ...wanted.map(([, t]) => t)], async (memory, player) => {
    for (const [t, numbers] of fill) memory.write(t, numbers);
    player.play();
    /** What t holds, with the axes of `like` in PyTorch's order. */
    const read = async (t: Tensor, like: Tensor) => {
      const numbers = await memory.read(t) as Float32Array<ArrayBuffer>;
      return permuted(numbers, shapeOf(like), inverse(order.get(like)!));
    };
    const checks = [check("output", await read(y, y), c.output, FORWARD)];
    for (const [what, t, want, like] of wanted) checks.push(check(what, await read(t, like), want, GRADIENT));
    for (const [what, want] of after) {
      const t = named.get(what)!;
      if (want) checks.push(check(what, await read(t, t), want, FORWARD));
    }
    return checks;
  });
}

async function checkLoss(device: Device, c: Case, check: Checker): Promise<Check[]> {
  const rec = new Recorder(), [N, K] = c.inputs.x.shape, x = tensor("x", [N, K]), dx = tensor("dx", [N, K]);
  const labels = tensor("labels", [N]), rows = tensor("rows", [N, 2]), loss = losses[c.op](c.attrs);
  loss.check(x.shape);
  loss.record(rec, { x, labels, probs: tensor("probs", [N, K]), rows, dx }, N);
  return played(device, rec.steps, [x, labels, rows, dx], async (memory, player) => {
    memory.write(x, values(c.inputs.x));
    memory.write(labels, Uint32Array.from(c.labels!));
    player.play();
    const mean = (await memory.read(rows)).filter((_, i) => i % 2 === 0).reduce((sum, l) => sum + l / N, 0);
    return [check("output", [mean], c.output, FORWARD), check("dx", await memory.read(dx), c.inputGrads!.x, GRADIENT)];
  });
}

async function checkOptimizer(device: Device, c: Case, check: Checker): Promise<Check[]> {
  const rec = new Recorder(), optimizer = optimizers[c.op](c.attrs), { shape } = c.param!;
  const param = tensor("param", shape), dparam = tensor("dparam", shape), clock = tensor("clock", [4]);
  const states = Object.fromEntries(optimizer.states.map((name) => [name, tensor(name, shape)]));
  optimizer.record(rec, { ...states, param, dparam, clock });
  return played(device, rec.steps, [param, dparam, clock, ...Object.values(states)], async (memory, player) => {
    const trajectory: number[] = [];
    memory.write(param, values(c.param!));
    for (const [step, grad] of c.grads!.entries()) {
      memory.write(clock, Uint32Array.of(step, 0, 0, new Uint32Array(Float32Array.of(optimizer.lr).buffer)[0]));
      memory.write(dparam, values(grad));
      player.play();
      trajectory.push(...await memory.read(param));
    }
    return [check("trajectory", trajectory, c.trajectory!.flat(), FORWARD)];
  });
}

/** Plans and prepares the steps, with `kept` outliving them, and frees everything after `use`. */
async function played<T>(
  device: Device, steps: Step[], kept: Tensor[], use: (memory: Memory, player: Player) => Promise<T>,
): Promise<T> {
  const memory = new Memory(device);
  const outlive = [...new Set(kept.map(root))].map((whole) => ({ whole, parts: new Map() }));
  try {
    await memory.grow(plan([steps], outlive, device.adapter.limits.binding));
    const player = await Player.prepare(memory, "golden", steps);
    try { return await use(memory, player); } finally { player.destroy(); }
  } finally { memory.destroy(); }
}
