// Convoy and its peers, one after the other in every round:
// the same networks, the same batch, the same adapter, one process (PyTorch: one more);
// its words are in options.mjs.
// jax-js goes without dropout, which it has not, and not through batch norm;
// TensorFlow.js keeps no running statistics; onnxruntime-web only infers.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as dawn from "webgpu";
import { openDevice } from "../../src/node/device.ts";
import { archives, unpack } from "../../src/node/unpack.ts";
import { countFor, fresh, wrap } from "./counters.mjs";
import { networks } from "./networks.mjs";
import { options } from "./options.mjs";

const values = options();
const batch = Number(values.batch), rounds = Number(values.rounds), ENOUGH = 1.0;  // seconds of a measurement

// What libraries take for a browser.
Object.assign(globalThis, dawn.globals, {
  WorkerGlobalScope: globalThis.WorkerGlobalScope ?? class {}, self: globalThis,
});
const found = await openDevice();  // and the adapter, for all
if (/swiftshader/i.test(found.adapter.name)) {
  const folder = unpack(join(archives(), "swiftshader.tar.br"));
  process.env.VK_ICD_FILENAMES = join(folder, "vk_swiftshader_icd.json");
}
found.destroy();
const gpu = dawn.create([]);
Object.defineProperty(globalThis, "navigator", { value: { gpu, userAgent: "" }, configurable: true });
const { info } = await gpu.requestAdapter();
await wrap(gpu);

const peers = {
  "Convoy": await import("./convoy.mjs"),
  "TensorFlow.js webgpu": await import("./tfjs.mjs"),
  "jax-js webgpu": await import("./jax.mjs"),
  "onnxruntime-web webgpu": await import("./ort.mjs"),
  "PyTorch CPU": await import("./pytorch.mjs"),
};
const wanted = (name) => values.peers.split(",").some((p) => name.toLowerCase().includes(p.toLowerCase()));
const chosen = Object.entries(peers).filter(([name]) => !values.peers || name === "Convoy" || wanted(name));
const clock = async (f) => {
  const began = performance.now(), value = await f();
  return { seconds: (performance.now() - began) / 1000, value };
};
/** How many steps take about as long as a measurement should. */
async function enough(f) {
  for (let n = 1; ; n *= 4) {
    const { seconds } = await clock(() => f(n));
    if (seconds > ENOUGH / 4) return Math.max(1, Math.round(n * ENOUGH / seconds));
  }
}
const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];

const report = [
  `${info.description || info.device || info.vendor}; batch ${batch}; images/s are medians of ${rounds} rounds `
    + "in which all take turns, in brackets Convoy's speed ÷ theirs.",
];
const all = {};
const torchFirst = chosen.toSorted(([a], [b]) => Number(b.startsWith("PyTorch")) - Number(a.startsWith("PyTorch")));
for (const [name, net] of Object.entries(networks).filter(([n]) => !values.network || n.includes(values.network))) {
  mkdirSync("dist/peers", { recursive: true });
  const onnx = `dist/peers/${name.replace(" ", "-")}-${batch}.onnx`, rows = [];
  for (const [peer, module] of torchFirst) {  // PyTorch writes the ONNX file
    const counters = fresh();
    countFor(counters);
    try {
      const opened = await clock(() => module.open({ net, batch, onnx }));
      if (!opened.value) continue;
      const row = {
        peer, ...opened.value, counters, train: opened.value.train && [], infer: [], first: NaN, losses: [],
      };
      if (row.parameters !== undefined && row.parameters !== net.parameters) {
        throw new Error(`${peer} has ${row.parameters} parameters, not ${net.parameters}`);
      }
      if (row.train) {
        const first = await clock(() => opened.value.train(1));
        row.first = opened.seconds + first.seconds;
        row.losses.push(first.value);
        const before = { ...counters };
        await opened.value.train(1);
        row.step = {
          submits: counters.submits - before.submits,
          dispatches: counters.dispatches - before.dispatches,
          bindGroups: counters.bindGroups - before.bindGroups,
        };
        row.trainSteps = await enough((n) => opened.value.train(n));
      }
      await opened.value.infer(1);
      row.inferSteps = await enough((n) => opened.value.infer(n));
      rows.push({ row, peer: opened.value });
      console.error(`${name}: ${peer} is ready`);
    } catch (e) { report.push("", `${peer} cannot run ${name}: ${e.message?.split("\n")[0]}`); console.error(e); }
  }
  await new Promise((resolve) => setTimeout(resolve, 3000));  // until what compiles in the background is done
  for (let round = 0; round < rounds; round++) for (const { row, peer } of rows) {
    countFor(row.counters);
    if (row.train) {
      const { seconds, value } = await clock(() => peer.train(row.trainSteps));
      row.train.push(batch * row.trainSteps / seconds);
      row.losses.push(value);
    }
    const { seconds } = await clock(() => peer.infer(row.inferSteps));
    row.infer.push(batch * row.inferSteps / seconds);
  }
  rows.sort((a, b) => chosen.findIndex(([n]) => n === a.row.peer) - chosen.findIndex(([n]) => n === b.row.peer));
  const [{ row: mine }] = rows;
  const number = (n) => n === undefined || Number.isNaN(n) ? "–"
    : n >= 100 ? Math.round(n).toLocaleString("en")
    : n.toPrecision(3);
  const against = (list, own) => list?.length
    ? `${number(median(list))}${list === own ? "" : ` (${(median(own) / median(list)).toFixed(2)}×)`}`
    : "–";
  report.push(
    "", `### ${name}, ${net.parameters.toLocaleString("en")} parameters`, "",
    "| | training, images/s | inference, images/s | first step, s | dispatches a step | submits | bind groups made "
      + "| peak MiB | loss, first → last |",
    "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
  );
  for (const { row: { peer, train, infer, first, step, losses, counters: { dispatches, peak } } } of rows) {
    const counted = (n) => dispatches ? n ?? "–" : "–";
    const cells = [
      peer, against(train, mine.train), against(infer, mine.infer), number(first),
      counted(step?.dispatches), counted(step?.submits), counted(step?.bindGroups),
      peak ? number(peak / 2 ** 20) : "–",
      losses.length ? `${losses[0].toFixed(3)} → ${losses.at(-1).toFixed(3)}` : "–",
    ];
    report.push(`| ${cells.join(" | ")} |`);
  }
  all[name] = rows.map(({ row: { train, infer, first, counters, step, peer, losses } }) =>
    ({ peer, train, infer, first, counters, step, losses }));
  for (const { peer } of rows) peer.close();
}
console.log(report.join("\n"));
if (values.json) {
  const measured = { adapter: info.description, batch, rounds, networks: all };
  writeFileSync(values.json, JSON.stringify(measured, undefined, 1));
}
if (values.markdown) writeFileSync(values.markdown, `${report.join("\n")}\n`);
process.exit(0);
