// A run as a page's settings say.
import { train, type Device, type Optimizer, type Run } from "convoy-gpu";
import { subset, type Split } from "convoy-gpu/data";
import { initOf, inputOf, optimizerOf, tested, type Family, type Settings } from "./family.js";

/** The run, and its optimizer, whose rate may change while it trains; how many images it trains on and is tested on. */
export interface Made {
  readonly run: Run;
  readonly optimizer: Optimizer & { lr: number };
  readonly trained: number;
  readonly tested: number;
}

export async function make(family: Family, settings: Settings, all: Split, device: Device): Promise<Made> {
  const test = device.adapter.software ? subset(all.test, tested(settings, all.test.size)) : all.test;
  const some = { ...all, test, train: subset(all.train, Math.min(all.train.size, Number(settings.images))) };
  const optimizer: Optimizer & { lr: number } = { ...optimizerOf(settings) };
  const { shape, classes } = all.train, [, H, W] = inputOf(shape, settings);
  const run = await train(family.build(settings, classes.length), {
    device, data: some, resize: H === shape[1] && W === shape[2] ? undefined : H,
    init: initOf(settings), optimizer,
    batch: Number(settings.batch), epochs: Number(settings.epochs), seed: Number(settings.seed),
  });
  return { run, optimizer, trained: some.train.size, tested: test.size };
}
