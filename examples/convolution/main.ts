// The page that explains the convolution: a layer on numbers that can be typed, and the arithmetic of any output cell.
import type { Device, Output } from "convoy-gpu";
import { button, card, el, number } from "../shared/dom.js";
import { noWebGpu, notice, sentence } from "../shared/notices.js";
import { textOf } from "../shared/protocol.js";
import { outcome, seen, taps } from "./arithmetic.js";
import { settings } from "./form.js";
import { answers } from "./gpu.js";
import { lattice, type Lattice } from "./lattice.js";
import { sizeFormula } from "./maths.js";
import {
  changed, convolves, outputOf, presets, readSetup, weightOf, weightShape, writeSetup, xOf, xShape,
  type Cell, type Setup,
} from "./setup.js";
import { code } from "./code.js";
import { workings } from "./workings.js";

const root = document.getElementById("lesson");
const largest = (values: ArrayLike<number>) => Math.max(...Array.from(values, Math.abs));
let setup = readSetup(location.search), output = outputOf(setup);
let answer: Output | undefined, fresh = false, ask: ReturnType<typeof answers> | undefined, waiting = "…";
let inputs: Lattice[] = [], kernels: Lattice[] = [], outputs: Lattice[] = [];
let timer: ReturnType<typeof setInterval> | undefined;

const form = settings(() => setup, (next) => { show(next); });
const cell = workings((tap) => {
  const channels = seen(setup, setup.cell[0]);
  inputs.forEach((plane, c) => { plane.point(tap?.channel === c ? [tap.row, tap.column] : undefined); });
  kernels.forEach((plane, d) => { plane.point(tap && channels[d] === tap.channel ? [tap.r, tap.s] : undefined); });
});
const board = el("div", { class: "board" }), notices = el("div", { class: "notices" });
const status = el("p", { class: "status soft", role: "status" }, "Looking for a GPU …");
const sizes = el("div", { class: "formulas" }), facts = el("dl", { class: "facts" });
const listings = [el("code"), el("code")];
const slide = button("Slide the window", slides, { "aria-pressed": "false" });
const choices = Object.entries(presets).map(([name, [title, preset]]) => {
  const radio = el("input", { type: "radio", name: "preset", value: name });
  radio.addEventListener("change", () => { show(preset); });
  return { radio, preset, element: el("label", {}, radio, el("span", {}, title)) };
});

/** The output [filters, height, width]; of none, nothing. */
const made = (): Cell => typeof output === "string" ? [0, 0, 0] : output;

/** Planes of one kind under their name; each has a label where there are several. */
function stack(
  name: string, shape: string, planes: readonly Lattice[], labels: (i: number) => string, empty = "",
): HTMLElement {
  const stacked = planes.map((plane, i) => el("div", {},
    planes.length > 1 && el("p", { class: "soft plane-name" }, labels(i)), plane.element));
  return el("div", { class: "stack" },
    el("h3", {}, name, el("span", { class: "soft" }, ` ${shape}`)),
    el("div", { class: "stacked" }, ...stacked),
    empty && el("p", { class: "misfit" }, empty));
}
const sign = (text: string) =>
  el("span", { class: `sign ${{ "*": "star", "=": "" }[text] ?? "arrow"}`, "aria-hidden": "true" }, text);

/** Planes of numbers, made anew when their number or size changes. */
function build(): void {
  const { padding, channels, size: [H, W], window: [R, S] } = setup, depth = weightShape(setup)[1];
  const conv = convolves(setup), [K, P, Q] = made();
  inputs = Array.from({ length: channels }, (_, c) => lattice({
    label: `Input, channel ${c}`, rows: H, columns: W, padding, filler: setup.layer === "max" ? "−∞" : "0",
    typed: (row, column, value) => { typed("x", xOf(setup), (c * H + row) * W + column, value); },
  }));
  kernels = conv ? Array.from({ length: depth }, (_, d) => lattice({
    label: `Kernel, channel ${d} of the filter`, rows: R, columns: S,
    typed: (row, column, value) => {
      typed("weight", weightOf(setup), ((setup.cell[0] * depth + d) * R + row) * S + column, value);
    },
  })) : [];
  outputs = Array.from({ length: K }, (_, k) => lattice({
    label: `Output, ${conv ? "filter" : "channel"} ${k}`, rows: P, columns: Q,
    chosen: (row, column) => { choose([k, row, column]); },
  }));
  const [shape, none] = typeof output === "string" ? ["", `There is none: ${output}.`] : [output.join(" × "), ""];
  const kernel = conv
    ? stack("Kernel", weightShape(setup).slice(1).join(" × "), kernels,
      (d) => `channel ${seen(setup, setup.cell[0])[d]}`)
    : el("div", { class: "stack" },
      el("h3", {}, setup.layer === "max" ? "Maximum" : "Mean"),
      el("p", { class: "soft" }, `of each ${R} × ${S} window`));
  if (conv && setup.filters > 1) kernel.firstElementChild?.append(el("span", { class: "soft which" }));
  board.replaceChildren(
    stack("Input", xShape(setup).join(" × "), inputs, (c) => `channel ${c}`), sign(conv ? "*" : ""),
    kernel, sign(conv ? "=" : ""),
    stack("Output", shape, outputs, (k) => conv ? `filter ${k}` : `channel ${k}`, none));
  const wide = [W + 2 * padding[1], conv ? S : 3, Math.max(Q, 3)];
  board.style.setProperty("--columns", String(wide.reduce((a, b) => a + b)));
  // On a phone, side by side where they fit.
  const abreast = [inputs, kernels, outputs].map(({ length }, i) =>
    length > 1 && length * wide[i] <= 9 ? length * (wide[i] + 0.4) : wide[i]);
  board.style.setProperty("--widest", String(Math.max(...abreast)));
}

/** Values, colours, marks and words of what is there. */
function paint(): void {
  const { size: [H, W], window: [R, S], cell: [k, i, j] } = setup, x = xOf(setup), weight = weightOf(setup);
  const fits = typeof output !== "string", channels = seen(setup, k);
  inputs.forEach((plane, c) => { plane.fill(x.slice(c * H * W, (c + 1) * H * W), largest(x)); });
  kernels.forEach((plane, d) => {
    const from = (k * kernels.length + d) * R * S;
    plane.fill(weight.slice(from, from + R * S), largest(weight));
  });
  const [K, P, Q] = made(), values = answer?.data ?? (waiting === "…" ? undefined : everything(K, P, Q));
  outputs.forEach((plane, f) => {
    plane.fill(values && Array.from(values).slice(f * P * Q, (f + 1) * P * Q), values ? largest(values) : 1);
  });
  const all = fits ? taps(setup, setup.cell) : [];
  inputs.forEach((plane, c) => { plane.mark(all.filter((t) => t.channel === c).map((t) => [t.row, t.column])); });
  outputs.forEach((plane, f) => { plane.mark(f === k ? [[i, j]] : []); });
  const which = board.querySelector(".which");
  if (which) which.textContent = ` filter ${k}${setup.groups > 1 ? `, sees channel ${channels.join(", ")}` : ""}`;
  if (fits) {
    const result = answer && fresh
      && { value: answer.data[(k * P + i) * Q + j], kernel: answer.kernels.join(", ") };
    cell.show(setup, result, waiting);
  } else cell.hide("No window fits, so there is no output cell.");
  for (const { radio, preset } of choices)
    radio.checked = writeSetup({ ...preset, cell: setup.cell }) === writeSetup(setup);
  history.replaceState(null, "", writeSetup(setup) + location.hash);
}

/** The whole output as this page adds it up, where there is no GPU to ask. */
const everything = (K: number, P: number, Q: number) => Array.from({ length: K * P * Q }, (_, i) =>
  outcome(setup, taps(setup, [Math.floor(i / (P * Q)), Math.floor(i / Q) % P, i % Q])));

function show(next: Setup): void {
  halt();
  setup = next;
  output = outputOf(setup);
  answer = undefined;
  fresh = false;
  const { window: [R, S], filters, channels } = setup, [K, P, Q] = made(), conv = convolves(setup);
  const shape = weightShape(setup).slice(1), each = R * S * shape[0], reads = conv ? each : R * S;
  status.hidden = typeof output === "string";  // nothing is computed then
  form.show(setup);
  build();
  sizes.replaceChildren(sizeFormula(setup, 0), sizeFormula(setup, 1));
  const counts: [string, string][] = [
    ["Output", typeof output === "string" ? "none" : output.join(" × ")],
    ["Weights", conv ? `${filters} × ${shape.join(" × ")} = ${number(filters * each)}` : "none"],
    [conv ? "Multiplications" : "Numbers read", `${number(K * P * Q)} × ${reads} = ${number(K * P * Q * reads)}`],
  ];
  facts.replaceChildren(...counts.flatMap(([term, fact]) => [el("dt", {}, term), el("dd", {}, fact)]));
  code(setup, channels, output).forEach((text, i) => { listings[i].textContent = text; });
  paint();
  query();
}

/** Asks the GPU, unless there is nothing to ask for. */
const query = () => { if (typeof output !== "string") ask?.(setup); };

function typed(name: "x" | "weight", values: readonly number[], at: number, value: number): void {
  setup = { ...setup, [name]: values.with(at, value) };
  fresh = false;
  paint();
  query();
}

function choose(next: Cell): void {
  if (next.join() === setup.cell.join()) return;
  setup = { ...setup, cell: next };
  paint();
}

function halt(): void {
  clearInterval(timer);
  timer = undefined;
  slide.setAttribute("aria-pressed", "false");
}
function slides(): void {
  if (timer) { halt(); return; }
  slide.setAttribute("aria-pressed", "true");
  timer = setInterval(() => {
    if (typeof output === "string") { halt(); return; }
    const [K, P, Q] = output, [k, i, j] = setup.cell, next = ((k * P + i) * Q + j + 1) % (K * P * Q);
    choose([Math.floor(next / (P * Q)), Math.floor(next / Q) % P, next % Q]);
  }, 700);
}

function fail(error: unknown): void {
  waiting = "no GPU";
  const open = () => { notices.replaceChildren(); waiting = "…"; connect(); };
  status.textContent = "Sums are written out by this page; the GPU’s own are missing.";
  notices.replaceChildren(notice({
    tone: "bad", title: "The GPU does not answer", actions: [{ label: "Try again", run: open }],
    lines: [sentence(textOf(error)), "The sums below are written out all the same."],
  }));
  paint();
}

function connect(): void {
  const opened = ({ adapter: { name, software } }: Device) => {
    const kind = software ? ", a software adapter" : "";
    status.textContent = `Output computed by the kernels themselves, on ${name}${kind}.`;
  };
  ask = answers(opened, (of, result) => {
    const same = of.x === setup.x && of.weight === setup.weight
      && writeSetup({ ...of, cell: setup.cell }) === writeSetup(setup);
    if (same) { answer = result; fresh = true; paint(); }
  }, fail);
  query();
}

root?.replaceChildren(notices,
  el("fieldset", { class: "tabs" },
    el("legend", { class: "hidden" }, "Examples"), ...choices.map(({ element }) => element)),
  el("div", { class: "desk" },
    el("section", { class: "card stage-card", "aria-labelledby": "stage-title" },
      el("h2", { id: "stage-title", class: "hidden" }, "Input, kernel and output"),
      el("div", { class: "stage-head" },
        slide, el("p", { class: "soft" }, "Choose an output cell, by pointer or arrow keys: its window lights up.")),
      el("div", { class: "shelf" }, board),
      status),
    cell.element, form.element,
    card({ id: "size", title: "How large the output is", kind: "size" }, sizes, facts),
    card({ id: "code", title: "The same in code", kind: "code" },
      el("div", { class: "listings" }, ...["Convoy", "PyTorch"].map((name, i) =>
        el("div", {}, el("h3", {}, name), el("pre", {}, listings[i])))))));
for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-preset]")) {
  button.addEventListener("click", () => {
    show(changed(presets[button.dataset.preset ?? ""][1], {}));
    root?.scrollIntoView();
  });
}
const able = "gpu" in navigator;
if (!able) {
  waiting = "no WebGPU";
  const missing = "The sums below are written out all the same; only the GPU’s own answer is missing.";
  notices.replaceChildren(notice(noWebGpu(missing)));
  status.textContent = "Sums are written out by this page; the GPU’s own need WebGPU.";
}
show(setup);
if (able) connect();
