// Inside one block of the network: of the layer chosen, its maps for the chosen image, its weights, and how their
// values are spread.
import type { LayerSummary } from "convoy-gpu";
import type { Unit } from "./blocks.js";
import { layerName, shapeText } from "./diagram.js";
import { el, number } from "./dom.js";
import { drawPlanes, scaleRow } from "./draw.js";
import { histogramView } from "./bars.js";
import { answers, outputsView } from "./outputs.js";
import type { Inside, Planes } from "./protocol.js";

function planesView(id: string, title: string, ...more: HTMLElement[]) {
  const heading = el("h2", { id }, title), legend = scaleRow(), none = el("p", { class: "soft" });
  const planes = el("div", { class: "planes", role: "img", "aria-labelledby": id });
  return {
    element: el("section", { class: "card", "aria-labelledby": id }, heading, legend.element, none, planes, ...more),
    show(shown: Planes | undefined, name: string, why: string): void {
      heading.textContent = name;
      none.textContent = shown ? "" : why;
      none.hidden = shown !== undefined || !why;
      legend.element.hidden = planes.hidden = !shown;
      if (!shown) return;
      planes.classList.toggle("few", shown.shape[0] > 1 && shown.shape[0] <= 9);
      planes.classList.toggle("one", shown.shape[0] === 1);
      const { shape: [count], of } = shown;
      legend.show(drawPlanes(planes, shown), count < of ? `The first ${count} of ${number(of)}.` : "");
    },
  };
}

/** `layerChosen` hears the number of the layer to look into. */
export function inspector(layerChosen: (layer: number) => void) {
  const title = el("h2", { id: "inside-title" }, "Inside");
  const tabs = el("fieldset", { class: "tabs" }), when = el("p", { class: "soft" });
  const outputs = outputsView(), maps = planesView("maps-title", "Feature maps", outputs.element);
  const weights = planesView("weights-title", "Weights");
  const spread = {
    outputs: histogramView("Activations", "sand"),
    weights: histogramView("Weights"),
    gradients: histogramView("Gradients of the weights", "rust"),
  };
  let layers: readonly LayerSummary[] = [], classes: readonly string[] = [], at = 0;

  return {
    element: el("section", { class: "inside", "aria-labelledby": "inside-title" },
      el("div", { class: "card" },
        el("div", { class: "card-head" }, title, when), tabs,
        el("div", { class: "histograms" }, ...Object.values(spread).map((view) => view.element))),
      el("div", { class: "insides" }, maps.element, weights.element)),

    /** What the network's outputs stand for. */
    set classes(names: readonly string[]) { classes = names; },

    /** Opens a block: the layer that weighs is shown first. */
    open(unit: Unit, all: readonly LayerSummary[]): void {
      layers = all;
      at = unit.includes(at) ? at : unit.find((i) => all[i].weight) ?? unit[0];
      const choose = (i: number) => {
        at = i;
        title.replaceChildren(`Inside ${layerName(layers[i])} `,
          el("span", { class: "soft" }, `${shapeText(layers[i])}, layer ${layers[i].path}`));
        layerChosen(i);
      };
      tabs.replaceChildren(el("legend", { class: "hidden" }, "Layer of the block"), ...unit.map((i) => {
        const radio = el("input", { type: "radio", name: "inside-layer", checked: i === at });
        radio.addEventListener("change", () => { choose(i); });
        return el("label", {}, radio, el("span", {}, layerName(all[i])));
      }));
      tabs.hidden = unit.length < 2;
      choose(at);
    },

    /** Comes into view, where it is out of it. */
    reveal(): void { tabs.parentElement?.scrollIntoView({ block: "nearest" }); },

    show({ layer, step, maps: planes, weights: w, spread: s }: Inside): void {
      if (layer !== at) return;  // an answer to an earlier question
      when.textContent = step
        ? `After step ${number(step)}, for the test image chosen above.`
        : "Before the first step, for the test image chosen above.";
      const linear = layers[at].shape.length === 2, bare = "This layer has no weights.";
      const last = planes.data.length === classes.length && answers(layers, at, classes.length);
      outputs.element.hidden = !last;
      if (last) {
        outputs.show(planes.data, classes);
        maps.show(undefined, "Outputs, one per class, before softmax", "");
      } else maps.show(planes, linear ? "Features" : "Feature maps", "");
      weights.show(w, linear ? "Weights: one row per output, one column per input" : "Filters",
        layers[at].weight ? "Its weights are one number per channel: see their histogram." : bare);
      spread.outputs.show(last ? undefined : s.outputs, "Shown below, by class.");
      spread.weights.show(s.weights, bare);
      spread.gradients.show(s.gradients, layers[at].weight
        ? "Take a step: gradients are those of the last one."
        : `${bare} Its neighbours’ gradients pass through it.`);
    },
  };
}
