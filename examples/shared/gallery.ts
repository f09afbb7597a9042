// The pictures on a page: test images with what the network takes them for, filters, feature maps.
import { el, number, percent } from "./dom.js";
import { drawPicture, drawPlanes, drawScale } from "./draw.js";
import type { FromWorker, Picture, Planes } from "./protocol.js";

type Message<T extends FromWorker["type"]> = Extract<FromWorker, { type: T }>;

/** Test images as buttons: pressing one chooses it for the feature maps. */
export function testImages(input: readonly [number, number, number], chosen: (index: number) => void) {
  const list = el("ul", { class: "tiles" }), score = el("p", { class: "soft" }, "They appear when the network is ready.");
  let tiles: { button: HTMLButtonElement; text: HTMLElement; truth: HTMLElement; label: number }[] = [], classes: readonly string[] = [], at = 0;

  function choose(index: number): void {
    at = index;
    tiles.forEach(({ button }, i) => { button.setAttribute("aria-pressed", String(i === at)); });
  }
  return {
    element: el("section", { class: "card", "aria-labelledby": "images-title" },
      el("div", { class: "card-head" }, el("h2", { id: "images-title" }, "Test images"), score), list),
    show(pictures: readonly Picture[], names: readonly string[]): void {
      classes = names;
      tiles = pictures.map((picture, i) => {
        const canvas = el("canvas", { "aria-hidden": "true" }), text = el("span", { class: "guess" }), truth = el("span", { class: "truth" });
        const button = el("button", { type: "button", class: "tile", "aria-pressed": "false" }, canvas, text, truth);
        drawPicture(canvas, picture, input);
        button.addEventListener("click", () => { choose(i); chosen(i); });
        return { button, text, truth, label: picture.label };
      });
      list.replaceChildren(...tiles.map(({ button }) => el("li", {}, button)));
      choose(Math.min(at, tiles.length - 1));
    },
    mark(predictions: Message<"seen">["predictions"]): void {
      let right = 0;
      predictions.forEach(({ label, probability }, i) => {
        const { button, text, truth, label: real } = tiles[i], wrong = label !== real;
        if (!wrong) right++;
        button.classList.toggle("wrong", wrong);
        text.textContent = `${classes[label]} ${percent(probability, 0)}`;
        truth.replaceChildren(...wrong ? [el("span", { class: "hidden" }, ", wrong: "), `is ${classes[real]}`] : [el("span", { class: "hidden" }, ", right")]);
      });
      score.textContent = `${right} of ${predictions.length} right. Wrong ones have a dashed border and a cross.`;
    },
  };
}

function scale(): { element: HTMLElement; show(range: readonly [number, number], planes: Planes): void } {
  const canvas = el("canvas", { class: "scale", "aria-hidden": "true" }), low = el("span"), high = el("span"), count = el("span", { class: "count" });
  return { element: el("p", { class: "scale-row soft" }, low, canvas, high, count), show([least, most], { shape: [shown], of }) {
    const largest = Math.max(most, -least);
    drawScale(canvas, least < 0);
    count.textContent = shown < of ? `The first ${shown} of ${number(of)}.` : "";
    [low.textContent, high.textContent] = [number(least < 0 ? -largest : 0, 2), number(largest, 2)];
  } };
}

/** What the first convolution looks for, and what a layer makes of the chosen image. */
export function insides(layerChosen: (path: string) => void) {
  const filters = el("div", { class: "planes", role: "img", "aria-label": "Filters of the first convolution" });
  const maps = el("div", { class: "planes", role: "img", "aria-label": "Feature maps of the chosen test image" });
  const select = el("select", { id: "layer" }), filterScale = scale(), mapScale = scale();
  select.addEventListener("change", () => { layerChosen(select.value); });
  const draw = (planes: Planes | undefined, into: HTMLElement, legend: ReturnType<typeof scale>) => { 
    if (!planes) return;
    into.classList.toggle("few", planes.shape[0] <= 9);
    legend.show(drawPlanes(into, planes), planes);
  };
  return {
    element: el("div", { class: "insides" },
      el("section", { class: "card", "aria-labelledby": "filters-title" }, el("h2", { id: "filters-title" }, "First filters"), filterScale.element, filters),
      el("section", { class: "card", "aria-labelledby": "maps-title" },
        el("div", { class: "card-head" }, el("h2", { id: "maps-title" }, "Feature maps"), el("span", { class: "inline" }, el("label", { for: "layer" }, "Layer"), select)), mapScale.element, maps)),
    show({ filters: first, maps: planes, layer, layers }: Message<"seen">): void {
      if (select.options.length !== layers.length) select.replaceChildren(...layers.map(([path, name]) => el("option", { value: path }, `${path} ${name}`)));
      if (document.activeElement !== select) select.value = layer;
      draw(first, filters, filterScale);
      draw(planes, maps, mapScale);
      if (planes) maps.setAttribute("aria-label", `${planes.shape[0]} feature maps of layer ${layer} for the chosen test image`);
    },
  };
}
