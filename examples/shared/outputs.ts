// What a network says of an image: a bar for each class, from zero to either side.
import type { LayerSummary } from "convoy-gpu";
import { el, number } from "./dom.js";

/** Whether a layer's values are the network's answer, one per class: nothing comes after it but a flatten. */
export const answers = (layers: readonly LayerSummary[], at: number, classes: number) =>
  layers[at].shape.slice(1).reduce((a, n) => a * n, 1) === classes
    && layers.slice(at + 1).every(({ layer }) => layer === "flatten");

export function outputsView() {
  const body = el("tbody");
  const element = el("div", { class: "scroll", tabIndex: 0, role: "group", "aria-label": "Outputs, one per class" },
    el("table", { class: "outputs" },
      el("caption", { class: "hidden" }, "The network’s output for each class, before softmax"),
      el("thead", { class: "hidden" },
        el("tr", {}, el("th", { scope: "col" }, "Class"), el("th", { scope: "col" }, "Output"))),
      body));
  return {
    element,
    show(values: Float32Array, classes: readonly string[]): void {
      const low = Math.min(0, ...values), high = Math.max(0, ...values), wide = Math.max(1e-12, high - low);
      const most = values.indexOf(Math.max(...values)), share = (v: number) => `${(100 * v / wide).toFixed(2)}%`;
      body.replaceChildren(...classes.map((name, i) => {
        const value = values[i], bar = el("span", { class: value < 0 ? "odd below" : "odd" });
        const track = el("span", { class: "track", "aria-hidden": "true" }, bar);
        track.style.setProperty("--zero", share(-low));
        bar.style.marginLeft = share(Math.min(0, value) - low);
        bar.style.width = share(Math.abs(value));
        return el("tr", { class: i === most ? "most" : "" },
          el("th", { scope: "row" }, name), el("td", {}, track, el("span", {}, number(value, 2))));
      }));
    },
  };
}
