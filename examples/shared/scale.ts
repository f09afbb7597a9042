// The legend of planes: their colours as a bar, between the values that stand for its ends.
import { el, number } from "./dom.js";
import { drawScale } from "./draw.js";

export function scaleRow(format = (value: number) => number(value, 2)) {
  const canvas = el("canvas", { class: "scale", "aria-hidden": "true" });
  const low = el("span"), high = el("span"), more = el("span", { class: "count" });
  return {
    element: el("p", { class: "scale-row soft" }, low, canvas, high, more),
    /** What drawPlanes() gives, and what else there is to say. */
    show([least, most]: readonly [number, number], said = ""): void {
      const largest = Math.max(most, -least);
      drawScale(canvas, least < 0);
      more.textContent = said;
      [low.textContent, high.textContent] = [format(least < 0 ? -largest : 0), format(largest)];
    },
  };
}
