// The benchmark: what this adapter is, how fast each kernel of Convoy runs on it, and where the time of a training step
// goes.
import type { Adapter } from "convoy-gpu";
import { digits, type BenchRow, type Roofline } from "convoy-gpu/bench";
import { button, card, el, keepStrayFiles, keys, number } from "../shared/dom.js";
import { failure, noWebGpu, notice, type Notice } from "../shared/notices.js";
import { adapterPanel } from "../shared/panels.js";
import { startWorker } from "../shared/protocol.js";
import { rooflineChart } from "./chart.js";
import { readChoice, small, usual, writeChoice } from "./choice.js";
import { choiceForm } from "./form.js";
import { keepCard } from "./keep.js";
import { offer, recall, remember } from "./last.js";
import type { FromWorker, Profiled, ToWorker } from "./protocol.js";
import { keyOf, type Report } from "./report.js";
import { rowTable } from "./rows.js";
import { timeline } from "./timeline.js";

const root = document.getElementById("bench"), searched = location.search;
let worker: Worker | undefined, choice = readChoice(searched, usual), adapter: Adapter | undefined;
let roof: Roofline | undefined, rows: BenchRow[] = [], profile: Profiled | undefined, other: Report | undefined;
let running = false, skipped: string[] = [], last = recall(), measured = 0;

const go = button("Measure", () => { if (running) stop(); else measure(); },
  { class: "main", disabled: true, "aria-keyshortcuts": "Space" });
keys({ " ": go });
const progress = el("progress", { max: 1, value: 0, "aria-label": "Progress of the measurement" });
const status = el("p", { class: "status", role: "status", "aria-live": "polite" }, "Looking for a GPU …");
const notices = el("div", { class: "notices" });
const device = el("div", {}, el("p", { class: "soft" }, "Looking for one …"));
const names = ["Peak GFLOP/s", "Copy GB/s", "Dispatch, µs", "Host, µs", "Clock", "Kernels"];
const figures = Object.fromEntries(names.map((name) => [name, el("dd", {}, "–")]));
const deck = el("section", { class: "deck", "aria-label": "Measurement" },
  el("div", { class: "buttons" }, go),
  el("dl", { class: "figures" },
    ...Object.entries(figures).map(([name, value]) => el("div", {}, el("dt", {}, name), value))),
  progress,
  el("div", { class: "deck-foot" },
    status, el("p", { class: "keys" }, el("kbd", {}, "Space"), " measures and stops")));

const form = choiceForm((next) => {
  choice = next;
  history.replaceState(null, "", writeChoice(choice) + location.hash);
});
const light = (row: BenchRow | undefined) => { chart.light(row); table.light(row); };
const chart = rooflineChart(light), table = rowTable(light), step = timeline();
const report = () => adapter && roof && { adapter, roofline: roof, rows, ...profile && { profile } };
const keep = keepCard(report, (opened) => { other = opened; show(); });
table.changed = () => { chart.show(roof, table.visible(), other?.roofline); };

const main = el("div", { class: "bench-main" }, chart.element, step.element,
  el("div", { class: "facts-row two" },
    card({ id: "device", title: "Device" }, device), keep.element));

/** Shows all that is known. */
function show(): void {
  const { flops, bandwidth, dispatch, host, clock } = roof ?? {};
  const set = (name: string, text: string) => { figures[name].textContent = text.replace(/^-$/, "–"); };
  set("Peak GFLOP/s", digits(flops && flops / 1e9));
  set("Copy GB/s", digits(bandwidth && bandwidth / 1e9));
  set("Dispatch, µs", digits(dispatch && 1e6 * dispatch));
  set("Host, µs", digits(host && 1e6 * host));
  set("Clock", choice.wall && roof ? "wall clock" : clock ?? "–");
  set("Kernels", rows.length ? number(rows.length) : "–");
  table.show(rows, other);
  chart.show(roof, table.visible(), other?.roofline);
  main.classList.toggle("filled", running || rows.length > 0 || other !== undefined);
  step.show(profile, other?.profile);
  keep.show(roof !== undefined, other, rows);
}

/** Notices that stay, and one more. */
function tell(what?: Notice): void {
  const slow: Notice = {
    tone: "careful", title: "Software adapter: the figures are a processor’s",
    lines: ["Everything is measured as on a GPU, slowly. "
      + "Which kernel is fastest here says nothing about a GPU: processors rank them otherwise."],
  };
  const clock: Notice = {
    tone: "careful", title: "No timestamps: times are by the wall clock",
    lines: ["This browser or adapter has no timestamp queries, so the page’s own clock is read around whole submits. "
      + "Short kernels are repeated until they fill 5 ms; figures are coarser and include what the driver does."],
  };
  const count = skipped.length === 1 ? "One measurement" : `${skipped.length} measurements`;
  const missed: Notice = { tone: "careful", title: `${count} could not be made here`, lines: skipped };
  const again = () => {
    const mine = last?.report.adapter.name === adapter?.name ? last?.report : undefined;
    if (mine) [roof, rows, profile] = [mine.roofline, [...mine.rows], mine.profile]; else other = last?.report;
    last = undefined;
    status.textContent = "Shown: your last measurement.";
    tell();
    show();
  };
  const all = [
    what, last && adapter && offer(last, again), skipped.length > 0 && missed,
    adapter?.software && slow, adapter && !adapter.timestamps && clock,
  ];
  notices.replaceChildren(...all.filter((n): n is Notice => Boolean(n)).map(notice));
}

function run(on: boolean): void {
  running = on;
  go.textContent = on ? "Stop" : "Measure";
  go.disabled = adapter === undefined;
  status.setAttribute("aria-live", on ? "off" : "polite");  // not of every kernel
}

function launch(): void {
  worker = startWorker(new URL("./worker.js", import.meta.url), receive, (message) => {
    receive({ type: "failed", code: "bug", message });
  });
  send({ type: "open" });
}
const send = (message: ToWorker) => { worker?.postMessage(message); };

function measure(): void {
  [rows, profile, skipped, last] = [[], undefined, [], undefined];
  progress.value = 0;
  tell();
  run(true);
  show();
  send({ type: "measure", choice, roofline: roof });
}

/** Keeps what was measured for a reload, and for a visitor who comes back. */
function keepLast(): void {
  const mine = report();
  if (mine && measured && (rows.length || profile)) remember({ at: measured, report: mine });
}

/** Ends the worker, and whatever it has on its way, at once. What was measured stays. */
function stop(): void {
  worker?.terminate();
  run(false);
  status.textContent = `Stopped: ${number(rows.length)} kernels measured.`;
  launch();
}

function receive(message: FromWorker): void {
  switch (message.type) {
    case "adapter": {
      const first = !adapter;
      adapter = message.adapter;
      const panel = adapterPanel(adapter);
      panel.append(...limits(adapter));
      device.replaceChildren(panel);
      form.timestamps = adapter.timestamps;
      if (!first) break;
      choice = readChoice(searched, adapter.software ? small : usual);
      form.show(choice);
      status.textContent = `Ready: ${adapter.name}.`;
      run(false);
      tell();
      break;
    }
    case "roofline": roof = message.roofline; show(); break;
    case "at": progress.value = message.index / message.of; status.textContent = `Measuring ${message.what} …`; break;
    case "rows": {
      const again = new Set(message.rows.map(keyOf));
      rows = [...rows.filter((row) => !again.has(keyOf(row))), ...message.rows];
      measured = Date.now();
      show();
      break;
    }
    case "profile": [profile, measured] = [message.profile, Date.now()]; show(); break;
    case "skipped": skipped = [...skipped, `${message.what}: ${message.message}.`]; tell(); break;
    case "done": {
      progress.value = 1;
      run(false);
      keepLast();
      status.textContent = `Done: ${number(rows.length)} kernels${profile ? " and a training step" : ""} measured.`;
      break;
    }
    case "failed": {
      const again = () => { tell(); worker?.terminate(); launch(); };
      run(false);
      status.textContent = "Stopped.";
      tell(failure(message.code, message.message, undefined, again, again));
      break;
    }
  }
}

/** What kernels may use, beside what the panel of all pages tells. */
function limits({ limits: { storageBuffers, workgroupBytes, invocations } }: Adapter): HTMLElement[] {
  const facts = [
    ["Storage buffers", number(storageBuffers)],
    ["Workgroup memory", `${number(workgroupBytes / 1024)} KiB`],
    ["Invocations", `${number(invocations)} a workgroup`],
  ];
  return facts.flatMap(([term, fact]) => [el("dt", {}, term), el("dd", {}, fact)]);
}

root?.replaceChildren(notices, deck, el("div", { class: "columns" }, form.element, main), table.element);
form.show(choice);
show();
keepStrayFiles();
addEventListener("pagehide", keepLast);
if ("gpu" in navigator) launch();
else {
  status.textContent = "Measuring needs WebGPU.";
  device.replaceChildren(el("p", { class: "soft" }, "None."));
  notices.replaceChildren(notice(noWebGpu("Reports of other devices can be opened all the same.")));
}
