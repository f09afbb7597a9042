// The worker's half of the playground. Everything of the visitor's runs here; the page ends it when it takes too long.
import { ConvoyError, openDevice } from "convoy-gpu";
import { fashionMnist } from "convoy-gpu/data";
import { textOf, type Port } from "../shared/protocol.js";
import { placesOf } from "./layer.js";
import type { FromWorker, ToWorker } from "./protocol.js";
import { work, type Tools } from "./work.js";

const port = globalThis as unknown as Port<ToWorker, FromWorker>;
const post = (message: FromWorker) => { port.postMessage(message); };
const data = () => fashionMnist({ url: new URL("../fashion-mnist/", import.meta.url) });
const LINES = 200;  // of what is logged, that the page shows
let opened: Promise<Tools> | undefined, lines = 0;
const open = () => opened ??= openDevice().then((device) => {
  post({ type: "adapter", adapter: device.adapter });
  return { device, data, post };
});

/** What a failure is: of a device that is being lost, WebGPU's own promises may fail before it is said to be lost. */
async function cause(error: unknown): Promise<unknown> {
  const device = (await opened?.catch(() => undefined))?.device;
  if (!device || error instanceof ConvoyError) return error;
  await Promise.race([device.gpu.lost, new Promise((done) => { setTimeout(done, 300); })]);
  try { device.check(); } catch (lost) { return lost; }
  return error;
}

/** A value as it is shown: a long one by how it begins. */
function written(value: unknown): string {
  let text: string;
  try {
    text = ArrayBuffer.isView(value) ? `[${(value as Float32Array).subarray(0, 64).join(", ")}]`
      : typeof value === "object" && !(value instanceof Error) ? JSON.stringify(value) : String(value);
  } catch { text = Object.prototype.toString.call(value); }
  return text.length > 500 ? `${text.slice(0, 500)} …` : text;
}

// What the visitor's code logs is told to the page too: few look for the console of a worker.
for (const level of ["debug", "log", "info", "warn", "error"] as const) {
  const own = console[level].bind(console);
  console[level] = (...values: unknown[]) => {
    own(...values);
    if (++lines <= LINES) post({ type: "logged", level, text: values.map(written).join(" ") });
    else if (lines === LINES + 1) post({ type: "logged", level, text: "… more is in the browser’s own console." });
  };
}

port.onmessage = ({ data: { action, ...draft } }) => {
  lines = 0;
  open().then((tools) => work(action, draft, tools)).catch(async (thrown: unknown) => {
    const error = await cause(thrown);
    const code = error instanceof ConvoyError ? error.code : "code";
    if (["adapter", "device-lost", "gpu"].includes(code)) opened = undefined;  // the next action asks for another
    post({ type: "failed", code, message: textOf(error), places: placesOf(error) });
  });
};
