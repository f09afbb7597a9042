import { readFile, writeFile } from "node:fs/promises";
import { families } from "../../models/index.js";
import { subset, type Split } from "../data/dataset.js";
import type { Device } from "../gpu/device.js";
import { LimitError, OptionError } from "../errors.js";
import { toNchw } from "../layout.js";
import { sgd } from "../optimizers/sgd.js";
import { sinceBest } from "../train/earlyStopping.js";
import type { Evaluation } from "../train/evaluate.js";
import { describe } from "../train/network.js";
import type { Progress } from "../train/progress.js";
import type { Run } from "../train/run.js";
import { summary } from "../train/summary.js";
import { train } from "../train/train.js";
import { chart } from "./chart.js";
import { fashionMnist, isSet } from "./data.js";
import { fromFolder } from "./folder.js";
import { openDevice } from "./device.js";
import { saveFile } from "./files.js";
import type { TrainCommand } from "./options.js";
import { gallery } from "./pictures.js";
import { bar, count, duration, percent, type Terminal } from "./terminal.js";

/** How the command line ends a run: `stop` is called on the first Ctrl-C, as soon as there is something to stop. */
export interface Interrupt { stop?: () => void; readonly asked: boolean }

/** An epoch as a row of the table tells it. */
type Epoch = Pick<Progress, "epoch" | "loss" | "accuracy" | "test" | "imagesPerSecond"> & { readonly seconds: number };
/** What was seen of a training: its last progress, its epochs, and the loss of each step. */
interface Course { readonly last?: Progress; readonly epochs: Epoch[]; readonly losses: number[] }

const PICTURES = 10, INTERRUPTED = 130;

/** Trains, tells about it, saves. Returns the exit code. */
export async function trainCommand(command: TrainCommand, terminal: Terminal, interrupt: Interrupt): Promise<number> {
  const say = (text = "") => { if (!command.quiet) terminal.line(text); };
  const device = await openDevice({ adapter: command.adapter, robust: false });  // it plays none but our own kernels
  try {
    const { adapter } = device;
    say(`Adapter: ${adapter.name}`);
    if (adapter.software) {
      say(terminal.style("yellow", "This adapter is software: it runs on the CPU. Everything works, but slowly."));
    }
    const data = await images(command);
    say(`Data: ${data.name}, out of ${data.source}: `
      + `trained on ${count(data.train.size)} images, tested on ${count(data.test.size)}`);
    return await teach(command, device, data, terminal, interrupt, say);
  } finally { device.destroy(); }
}

async function images({ data: which, limit, inputSize }: TrainCommand): Promise<Split> {
  const data = isSet(which) ? await fashionMnist({ which }) : await fromFolder(which, { size: inputSize });
  if (limit === undefined) return data;
  return {
    ...data,
    train: subset(data.train, Math.min(limit, data.train.size)),
    test: subset(data.test, Math.min(limit >> 1, data.test.size)),
  };
}

async function teach(
  command: TrainCommand, device: Device, data: Split, terminal: Terminal, interrupt: Interrupt,
  say: (text?: string) => void,
): Promise<number> {
  const {
    model, options, keepBest, batch, microBatch, epochs, lr, momentum, init, seed, inputSize, augment, normalise, tune,
  } = command;
  const { classes, shape: [C, H, W] } = data.train;
  const net = families[model]({ ...options, classes: classes.length }), optimizer = sgd({ lr, momentum });
  say();
  say(String(summary(net, {
    input: [C, inputSize, inputSize], batch: Math.min(batch, data.train.size), microBatch, optimizer,
    adapter: device.adapter,
  })));
  say();
  const choices = [
    ...Object.entries(options).map(([name, value]) => `${name} ${value}`),
    `SGD with learning rate ${lr} and momentum ${momentum}`,
    `batches of ${batch}${microBatch && microBatch < batch ? ` in parts of ${microBatch}` : ""}`,
    `${epochs} epoch${epochs > 1 ? "s" : ""}`,
    `seed ${seed}`,
  ];
  say(`Recipe: ${command.recipe}; ${choices.join(", ")}`);
  if (augment) say(`Training images change at random: ${augment.words}`);
  say();
  let kept = false;  // in a file, the best epoch
  const run = await train(net, {
    device, data, resize: inputSize === H && H === W ? undefined : inputSize, batch, microBatch, epochs, optimizer,
    init, seed, augment, normalise, tune,
    onEpochEnd: async ({ best }, run) => {
      if (best && keepBest !== undefined) { await saveFile(keepBest, await run.save()); kept = true; }
    },
  }).catch((e: unknown) => {
    const tooWide = e instanceof LimitError && "units" in e.details;
    throw tooWide ? narrower(e, command, C, device.adapter.limits.binding) : e;
  });
  try {
    if (command.resume !== undefined) await resume(run, command.resume, terminal);
    const before = run.session.steps;
    interrupt.stop = () => run.stop();
    const course: Course = interrupt.asked ? { epochs: [], losses: [] } : await watch(run, terminal, command.quiet);
    const { last, losses } = course;
    interrupt.stop = undefined;
    if (!last) { terminal.line("Stopped before the first step; nothing is saved."); return INTERRUPTED; }
    const finished = run.epoch === run.epochs;
    await saveFile(command.output, await run.save());  // before anything else may fail
    if (command.json !== undefined) await writeFile(command.json, inData(command, device.adapter.name, data, course));
    if (!command.quiet) await show(run, data, losses, before, finished, terminal);
    if (last.test && last.epochEnd) {
      const accuracy = terminal.style("bold", percent(last.test.accuracy));
      terminal.line(`Test accuracy: ${accuracy} of ${count(last.test.images)} images`);
    }
    if (!finished) {
      terminal.line(`Stopped in epoch ${last.epoch} of ${last.epochs}, `
        + `after ${count(run.session.steps)} steps: ${learned(last)}`);
    }
    terminal.line(`Saved: ${command.output}`);
    const since = sinceBest(run.history), loss = run.history.at(-1 - since);
    if (keepBest !== undefined && loss !== undefined) {
      const where = kept ? `in ${keepBest}` : `in the training that was resumed: ${keepBest} is as it was`;
      terminal.line(`Best: epoch ${run.history.length - since}, test loss ${loss.toFixed(4)}, ${where}`);
    }
    return finished ? 0 : INTERRUPTED;
  } finally { run.destroy(); }
}

/** The error, and the largest of a few widths at which every weight can be bound. */
function narrower(
  e: LimitError, { model, options, inputSize: side }: TrainCommand, C: number, limit: number,
): LimitError {
  const width = [0.75, 0.5, 0.375, 0.25, 0.125, 0.0625].map((share) => share * (options.width ?? 1)).find((w) => {
    try {
      return Boolean(describe(families[model]({ ...options, width: w }), [C, side, side], limit));
    } catch { return false; }
  });
  return new LimitError(`${e.message}${width ? `; --width ${width} fits` : ""}`, { ...e.details, width }, e);
}

/** Puts the run where the one was that saved a file. */
async function resume(run: Run, path: string, terminal: Terminal): Promise<void> {
  run.restore(await readFile(path), path);
  const { epoch, epochs, session: { steps } } = run;
  if (epoch >= epochs) {
    const why = `${path} has ${epoch} complete epoch${epoch > 1 ? "s" : ""} already; `
      + `to go on, give --epochs above ${epoch}`;
    throw new OptionError(why, { epoch, epochs });
  }
  terminal.line(`Resumed: ${path}, goes on in epoch ${epoch + 1} of ${epochs}, after ${count(steps)} steps`);
}

const learned = ({ loss, accuracy }: Progress) =>
  `loss ${loss.toFixed(4)}, accuracy ${percent(accuracy)} on the training images`;

/** Iterates the run to its end: a line that lives within an epoch, and a row of the table after each. */
async function watch(run: Run, terminal: Terminal, quiet: boolean): Promise<Course> {
  const ended: Epoch[] = [], losses: number[] = [], columns = [5, 10, 10, 11, 10, 11, 9] as const;
  const row = (cells: readonly string[]) => cells.map((cell, i) => cell.padStart(columns[i])).join("");
  const cellsOf = (test?: Evaluation) => test ? [test.loss.toFixed(4), percent(test.accuracy)] : ["-", "-"];
  let last: Progress | undefined, began = performance.now();
  const head = ["epoch", "loss", "accuracy", "test loss", "accuracy", "images/s", "seconds"];
  terminal.line(terminal.style("bold", row(head)));
  for await (const p of run) {
    last = p;
    losses.push(...p.losses);
    const { epoch, epochs, step, steps, loss, accuracy, imagesPerSecond, secondsLeft, test } = p;
    const rate = count(imagesPerSecond), seconds = (performance.now() - began) / 1000;
    if (!p.epochEnd) {
      const now = `loss ${loss.toFixed(4)}  accuracy ${percent(accuracy)}  `
        + `${rate} images/s  ${duration(secondsLeft)} left`;
      const tail = `${String(Math.floor(100 * step / steps)).padStart(2)}%  ${now}`;
      const room = terminal.width - tail.length - 10;
      if (!quiet) {
        terminal.progress(
          `${epoch}/${epochs} ${bar(step / steps, Math.max(4, Math.min(30, room)))} ${tail}`,
          `  epoch ${epoch}/${epochs}, step ${step}/${steps}: ${now}`,
        );
      }
      continue;
    }
    terminal.line(row([`${epoch}`, loss.toFixed(4), percent(accuracy), ...cellsOf(test), rate, seconds.toFixed(1)]));
    ended.push({ epoch, loss, accuracy, test, imagesPerSecond, seconds });
    began = performance.now();
  }
  terminal.clear();
  return { last, epochs: ended, losses };
}

/** The course of a training with all that decides it, for --json; a loss to five digits. */
function inData(command: TrainCommand, adapter: string, { train, test }: Split, { epochs, losses }: Course): string {
  const rounded = (_: string, value: unknown) =>
    typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value;
  const all = {
    command: { ...command, output: undefined, json: undefined },
    adapter, images: { train: train.size, test: test.size }, course: epochs, losses,
  };
  return `${JSON.stringify(all, rounded)}\n`;
}

/** The curve of the loss and, of a training that was not interrupted, a few test images. */
async function show(
  run: Run, { test }: Split, losses: readonly number[], before: number, finished: boolean, terminal: Terminal,
): Promise<void> {
  if (losses.length > 1) {
    terminal.line();
    const lines = chart(losses, {
      width: Math.min(terminal.width, 80), title: "loss",
      from: `step ${count(before + 1)}`, to: `step ${count(before + losses.length)}`,
    });
    for (const line of lines) terminal.line(line);
  }
  terminal.line();
  if (!finished) return;
  const few = subset(test, Math.min(PICTURES, test.size)), [C, H, W] = few.shape;
  const pixels = Float32Array.from(few.images, (byte) => byte / 255);
  const predictions = await run.predict(toNchw(pixels, [few.size, H, W, C]));
  for (const line of gallery(few, predictions, terminal)) terminal.line(line);
}
