// The network as blocks with their output shapes. Each is a button that opens its layers; arrow keys walk through them.
import type { LayerSummary } from "convoy-gpu";
import { blocks, type Unit } from "./blocks.js";
import { card, disclosure, el, number, table } from "./dom.js";
import type { Description } from "./protocol.js";

const short: Readonly<Record<string, string>> = {
  conv2d: "conv", maxPool2d: "max pool", avgPool2d: "avg pool", adaptiveAvgPool2d: "mean", batchNorm: "norm",
  add: "+", concat: "concat",
};
const kinds: readonly (readonly [RegExp, string])[] =
  [[/conv2d/, "conv"], [/linear/, "linear"], [/pool/i, "pool"], [/add|concat/, "join"]];

/** "conv 3×3". */
export function layerName({ layer, weight }: LayerSummary): string {
  const name = short[layer] ?? layer;
  return weight?.length === 4 ? `${name} ${weight[2]}×${weight[3]}` : name;
}
/** What a layer gives for one image: "64 × 28 × 28". */
export const shapeText = ({ shape: [, ...rest] }: LayerSummary) => rest.join(" × ");

/** `chosen` hears which block is open, and of the layers of the network that it is one of. */
export function diagram(chosen: (unit: Unit, layers: readonly LayerSummary[]) => void) {
  const label = "Blocks of the network, from the image to the classes. Arrow keys move between them.";
  const flow = el("div", { class: "flow", role: "group", "aria-label": label });
  const sentence = el("p", { class: "soft" });
  const rows = table("Layers of the network", ["Layer", "Output shape", "Parameters"]);
  const listed = disclosure("As a table", rows.element, () => { fill(); });
  let layers: readonly LayerSummary[] = [], chips: { button: HTMLButtonElement; unit: Unit }[] = [], at = 0;
  const fill = () => {
    if (listed.open) rows.fill(layers.map(({ path, layer, shape, parameters }) =>
      [`${path} ${layer}`, shape.join(" × "), parameters ? number(parameters) : ""]));
  };

  function focus(index: number): void {
    chips.forEach(({ button }, i) => { button.tabIndex = i === index ? 0 : -1; });
    chips[index]?.button.focus();
  }
  function choose(index: number): void {
    at = index;
    chips.forEach(({ button }, i) => {
      button.setAttribute("aria-pressed", String(i === at));
      button.tabIndex = i === at ? 0 : -1;
    });
    if (chips[at]) chosen(chips[at].unit, layers);
  }
  flow.addEventListener("keydown", (event) => {
    const here = chips.findIndex(({ button }) => button === document.activeElement);
    const to = {
      ArrowRight: here + 1, ArrowDown: here + 1, ArrowLeft: here - 1, ArrowUp: here - 1,
      Home: 0, End: chips.length - 1,
    }[event.key];
    if (here < 0 || to === undefined) return;
    event.preventDefault();
    focus(Math.max(0, Math.min(chips.length - 1, to)));
  });

  function chip(unit: Unit, side: number): HTMLElement {
    const all = unit.map((i) => layers[i]), last = all[all.length - 1];
    const head = all.find(({ layer }) => kinds.some(([kind]) => kind.test(layer))) ?? all[0];
    const kind = kinds.find(([named]) => named.test(head.layer))?.[1] ?? "";
    const [, channels, height = 1] = last.shape;
    const glyph = el("span", { class: "glyph", "aria-hidden": "true" }), bar = el("span");
    bar.style.height = `${4 + 26 * Math.log2(1 + height) / Math.log2(1 + side)}px`;
    bar.style.width = `${3 + 1.7 * Math.log2(channels)}px`;
    glyph.append(bar);
    const names = all.map((l) => el(l === head ? "b" : "span", {}, layerName(l)));
    const title = `${all[0].path}: ${all.map(({ layer }) => layer).join(", ")}`;
    const button = el("button", { type: "button", class: `chip ${kind}`, title }, glyph,
      el("span", { class: "chip-text" },
        el("span", { class: "chip-name" }, ...names.flatMap((e, i) => i ? [" ", e] : [e])),
        el("span", { class: "chip-shape" }, shapeText(last))));
    const index = chips.push({ button, unit }) - 1;
    button.addEventListener("click", () => { choose(index); });
    return button;
  }

  /** Blocks one after another; no layer: the input is handed on. */
  function lane(path: readonly Unit[], side: number): HTMLElement {
    return el("div", { class: "path" }, ...path.length
      ? path.map((unit) => chip(unit, side))
      : [el("span", { class: "through" }, "identity")]);
  }

  return {
    element: card({ id: "layers", title: "Network", beside: [sentence] }, flow, ...listed.elements),
    show({ layers: list, parameters, dispatches, submits }: Description, input: readonly number[]): void {
      const same = list.length === layers.length;
      layers = list;
      chips = [];
      sentence.textContent = `${number(parameters)} parameters. `
        + `A training step of ${list[0]?.shape[0] ?? 0} images is ${dispatches} dispatches in `
        + (submits > 1 ? `${submits} submits.` : "one submit.");
      const [, side] = input;
      flow.replaceChildren(
        el("span", { class: "flow-end" }, el("b", {}, "image"), input.join(" × ")),
        ...blocks(list).map((item) => "merge" in item
          ? el("div", { class: "region" },
            el("div", { class: "paths" }, ...item.paths.map((path) => lane(path, side))), chip(item.merge, side))
          : chip(item, side)));
      const first = chips.findIndex(({ unit }) => unit.some((i) => list[i].layer === "conv2d"));
      choose(same ? at : Math.max(0, first));
      fill();
    },
  };
}
