// Test images, with what the network takes them for.
import { card, el, whole } from "./dom.js";
import { drawPicture } from "./draw.js";
import type { ImageShape, Picture, Seen } from "./protocol.js";

/** Test images as buttons: pressing one chooses it for the feature maps. */
export function testImages(chosen: (index: number) => void) {
  const list = el("ul", { class: "tiles" });
  const score = el("p", { class: "soft" }, "");
  let tiles: { button: HTMLButtonElement; text: HTMLElement; truth: HTMLElement; label: number }[] = [];
  let classes: readonly string[] = [], at = 0, steps = 0;

  function choose(index: number): void {
    at = index;
    tiles.forEach(({ button }, i) => { button.setAttribute("aria-pressed", String(i === at)); });
  }
  return {
    element: card({ id: "images", title: "Test images", beside: [score] }, list),
    show(pictures: readonly Picture[], shape: ImageShape, names: readonly string[]): void {
      classes = names;
      tiles = pictures.map((picture, i) => {
        const canvas = el("canvas", { "aria-hidden": "true" });
        const text = el("span", { class: "guess" }), truth = el("span", { class: "truth" });
        const button = el("button", { type: "button", class: "tile", "aria-pressed": "false" },
          canvas, el("span", { class: "hidden" }, `Image ${i + 1}: `), text, truth);
        drawPicture(canvas, picture, shape);
        button.addEventListener("click", () => { choose(i); chosen(i); });
        return { button, text, truth, label: picture.label };
      });
      list.replaceChildren(...tiles.map(({ button }) => el("li", {}, button)));
      choose(Math.min(at, tiles.length - 1));
      score.textContent = "Its predictions appear in a moment.";
    },
    /** `step`: after how many; before the first, nothing is marked as wrong. */
    mark(predictions: Seen["predictions"], step = steps): void {
      let right = 0;
      steps = step;
      predictions.forEach(({ label, probability }, i) => {
        const { button, text, truth, label: real } = tiles[i], wrong = label !== real;
        if (!wrong) right++;
        button.classList.toggle("wrong", wrong && steps > 0);
        text.replaceChildren(`${classes[label]} `, el("span", {}, whole(probability)));
        truth.replaceChildren(...wrong
          ? [el("span", { class: "hidden" }, ", wrong: "), `is ${classes[real]}`]
          : [el("span", { class: "hidden" }, ", right")]);
      });
      score.textContent = `${right} of ${predictions.length} right`
        + (steps ? ". Wrong ones have a dashed border and a cross." : ", by chance: it has not learned anything yet.");
    },
  };
}
