// The worker's half of the benchmark: a device, and everything that is timed on it. The page stops it by ending it.
import { ConvoyError, openDevice, sgd, train, type Device } from "convoy-gpu";
import { bench, profile, roofline as measure, type TimeSource } from "convoy-gpu/bench";
import { dataset } from "convoy-gpu/data";
import { families, recipe } from "convoy-gpu/models";
import { textOf, type Port } from "../shared/protocol.js";
import { chosen, type Choice } from "./choice.js";
import type { FromWorker, Profiled, ToWorker } from "./protocol.js";

const port = globalThis as unknown as Port<ToWorker, FromWorker>;
const post = (message: FromWorker) => { port.postMessage(message); };
let device: Promise<Device> | undefined;

const open = () => device ??= openDevice().then((opened) => {
  post({ type: "adapter", adapter: opened.adapter });
  return opened;
});

async function run({ choice, roofline: known }: Extract<ToWorker, { type: "measure" }>): Promise<void> {
  const on = await open(), cases = chosen(choice), { rounds, network } = choice;
  const clock: TimeSource | undefined = choice.wall ? "wall clock" : undefined;
  const of = cases.length + Number(network !== "");
  const at = (what: string, index: number) => { post({ type: "at", what, index, of }); };
  if (!known) at("the adapter's limits", 0);
  const roofline = known ?? await measure(on), options = { roofline, rounds, clock };
  post({ type: "roofline", roofline });
  /** One that does not fit this adapter does not keep the others from being measured. */
  const attempt = async (what: string, index: number, work: () => Promise<FromWorker>) => {
    at(what, index);
    try { post(await work()); } catch (error) {
      if (!(error instanceof ConvoyError) || error.code === "device-lost") throw error;
      post({ type: "skipped", what, message: error.message });
    }
  };
  for (const [i, one] of cases.entries()) {
    const what = `${one.operator} ${one.shape}`;
    await attempt(what, i, async () => ({ type: "rows", rows: await bench(on, one, options) }));
  }
  if (network) {
    const what = `a training step of ${network}`;
    await attempt(what, cases.length, async () => ({ type: "profile", profile: await step(on, choice, options) }));
  }
  post({ type: "done" });
}

/** Times a training step, on images of noise. */
async function step(
  on: Device, { network, batch, width }: Choice, options: Parameters<typeof profile>[1],
): Promise<Profiled> {
  const { inputSize, lr, momentum } = recipe("quick", network);
  const images = Uint8Array.from({ length: 784 * batch }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 24);
  const labels = Uint8Array.from({ length: batch }, (_, i) => i % 10);
  const data = dataset({ images, labels, shape: [1, 28, 28], classes: [..."0123456789"] });
  const made = await train(families[network]({ width }), {
    device: on, data, batch, resize: inputSize === 28 ? undefined : inputSize, optimizer: sgd({ lr, momentum }),
  });
  try {
    const { toString: text, ...found } = await profile(made, options);
    const thin = width === 1 ? "" : ` at width ${width}`;
    return { ...found, network: `${network}${thin}, ${inputSize}×${inputSize}`, text: text() };
  } finally { made.destroy(); }
}

port.onmessage = ({ data: message }) => {
  (message.type === "open" ? open() : run(message)).catch((error: unknown) => {
    void device?.then((opened) => { opened.destroy(); }, () => {});  // the next measurement opens another
    device = undefined;
    const code = error instanceof ConvoyError ? error.code : "bug";
    post({ type: "failed", code, message: textOf(error) });
  });
};
