// The form of what is to be measured: native, labelled controls.
import { ConvoyError } from "convoy-gpu";
import { cases } from "convoy-gpu/bench";
import { button, el, wholeField } from "../shared/dom.js";
import { batches, chosen, networks, operators, ownFields, rounds, widths, type Choice, type Own } from "./choice.js";

const fresh = Object.fromEntries(Object.entries(ownFields).map(([name, [, , , begin]]) => [name, begin])) as Own;

/** `set` hears of each change. */
export function choiceForm(set: (choice: Choice) => void) {
  let choice: Choice, own = fresh;
  const change = (part: Partial<Choice>) => { choice = { ...choice, ...part }; show(choice); set(choice); };
  const boxes = operators.map((name) => {
    const box = el("input", { type: "checkbox", value: name }), { length } = cases.filter((c) => c.operator === name);
    box.addEventListener("change", () => {
      change({ operators: operators.filter((n) => n === name ? box.checked : choice.operators.includes(n)) });
    });
    const needs = el("span", { class: "needs" }, length > 1 ? `${length} shapes` : "");
    return { name, box, element: el("label", {}, box, name, needs) };
  });
  const select = (
    id: string,
    label: string,
    values: readonly (string | number)[],
    text: (value: string | number) => string,
    take: (index: number) => void,
  ) => {
    const list = el("select", { id }, ...values.map((v) => el("option", { value: String(v) }, text(v))));
    list.addEventListener("change", () => { take(list.selectedIndex); });
    return { list, row: el("div", { class: "control" }, el("label", { for: id }, label), list) };
  };
  const shape = el("input", {
    type: "text", id: "shape", maxLength: 60, placeholder: "all", autocomplete: "off", spellcheck: false,
  });
  shape.addEventListener("input", () => { change({ shape: shape.value.trim() }); });

  const mine = el("input", { type: "checkbox", id: "own" });
  const fields = Object.entries(ownFields).map(([key, [label, least, most]]) => {
    const name = key as keyof Own;
    const input = wholeField(`own-${name}`, least, most, (value) => {
      own = { ...own, [name]: value };
      change({ own });
    });
    return { name, input, row: el("div", { class: "control" }, el("label", { for: input.id }, label), input) };
  });
  const ownBox = el("div", { class: "own-shape" }, ...fields.map(({ row }) => row));
  mine.addEventListener("change", () => { change({ own: mine.checked ? own : undefined }); });

  const network = select("network", "A step of", ["", ...networks], (v) => String(v) || "no network",
    (i) => { change({ network: ["", ...networks][i] }); });
  const batch = select("batch", "Batch", batches, String, (i) => { change({ batch: batches[i] }); });
  const width = select("width", "Width", widths, (v) => `× ${v}`, (i) => { change({ width: widths[i] }); });
  const round = select("rounds", "Rounds", rounds, String, (i) => { change({ rounds: rounds[i] }); });
  const wall = el("input", { type: "checkbox", id: "wall" }), told = el("p", { class: "need", role: "status" });
  wall.addEventListener("change", () => { change({ wall: wall.checked }); });
  const all = button("All", () => { change({ operators }); }, { class: "small" });
  const none = button("None", () => { change({ operators: [] }); }, { class: "small" });
  const element = el("form", { class: "card controls choice", "aria-label": "What to measure" },
    el("h2", {}, "What to measure"),
    el("fieldset", { class: "presets" },
      el("legend", {}, "Operators"), ...boxes.map(({ element: e }) => e), el("p", { class: "two-small" }, all, none)),
    el("div", { class: "fields" },
      el("div", { class: "control" }, el("label", { for: "shape" }, "Shapes with"), shape),
      el("label", { class: "check", for: "own" }, mine, "A convolution of my own"), ownBox,
      network.row, batch.row, width.row, round.row,
      el("label", { class: "check", for: "wall" }, wall, "Wall clock, no timestamps")),
    told,
    el("p", { class: "soft" }, "This page’s address keeps the choice. A link never measures by itself."));
  element.addEventListener("submit", (event) => { event.preventDefault(); });

  function show(next: Choice): void {
    choice = next;
    own = choice.own ?? own;
    for (const { name, box } of boxes) box.checked = choice.operators.includes(name);
    if (document.activeElement !== shape) shape.value = choice.shape;
    mine.checked = choice.own !== undefined;
    ownBox.hidden = !choice.own;
    for (const { name, input } of fields) {
      if (document.activeElement === input) continue;
      input.value = String(own[name]);
      input.setAttribute("aria-invalid", "false");
    }
    network.list.value = choice.network;
    batch.list.value = String(choice.batch);
    width.list.value = String(choice.width);
    round.list.value = String(choice.rounds);
    batch.row.hidden = width.row.hidden = !choice.network;
    wall.checked = choice.wall;
    try {
      const { length } = chosen(choice);
      const shapes = length === 1 ? "One shape" : `${length || "No"} shapes`;
      told.textContent = `${shapes}, every rung of each${choice.network ? `, and a step of ${choice.network}` : ""}.`;
      told.classList.remove("misfit");
    } catch (error) {
      if (!(error instanceof ConvoyError)) throw error;
      told.textContent = `There is no such convolution: ${error.message}.`;
      told.classList.add("misfit");
    }
  }
  return {
    element, show,
    /** Whether the timestamps are to be had at all. */
    set timestamps(on: boolean) { wall.disabled = !on; if (!on) wall.checked = true; },
  };
}
