// The output cell that is looked at: its products and their sum, beside the number that the GPU gave.
import { card, el } from "../shared/dom.js";
import { agree, outcome, scaleOf, taps, written, type Tap } from "./arithmetic.js";
import { cellFormula } from "./maths.js";
import { convolves, type Setup } from "./setup.js";

const verdicts = {
  equal: "The same number, to the last bit of float32.",
  rounded: "The same up to rounding: the GPU adds in float32, this page in double precision.",
  different: "They differ by more than rounding explains. Please report this.",
};

/** A factor: negative ones in brackets. */
const factor = (value: number, scale = 0) => value < 0 ? `(${written(value, 2, scale)})` : written(value, 2, scale);

export function workings(point: (tap?: Tap) => void) {
  const where = el("span", { class: "soft" });
  const formula = el("div", { class: "formula" }), total = el("p", { class: "total" });
  const label = "The products and their sum";
  const sums = el("div", { class: "sums", role: "group", tabIndex: 0, "aria-label": label });
  const mine = el("output", { class: "figure" }), theirs = el("output", { class: "figure" });
  const by = el("span", { class: "soft" }), verdict = el("p", { class: "verdict" });

  function term(tap: Tap, conv: boolean): HTMLElement {
    const text = tap.padding && !conv ? "·" : conv ? `${factor(tap.x)} × ${factor(tap.weight)}` : written(tap.x);
    const element = el("td", { class: tap.padding ? "term pad" : "term" }, text);
    element.addEventListener("pointerenter", () => { point(tap); });
    element.addEventListener("pointerleave", () => { point(); });
    return element;
  }

  function product(setup: Setup, all: readonly Tap[]): HTMLElement {
    const conv = convolves(setup), { window: [R, S] } = setup;
    const rows = Array.from({ length: R }, (_, r) =>
      el("tr", {}, ...all.slice(r * S, (r + 1) * S).map((tap) => term(tap, conv))));
    const sum = all.reduce((a, { x, weight }) => a + x * weight, 0), caption = `Channel ${all[0].channel}`;
    const partial = setup.layer === "max" ? `largest: ${written(outcome(setup, all))}`
      : `sum: ${written(sum, 2, scaleOf(all))}`;
    return el("div", { class: "product" },
      el("table", {}, el("caption", { class: "soft" }, caption), el("tbody", {}, ...rows)),
      el("span", { class: "partial" }, partial));
  }

  return {
    element: card({ id: "workings", title: "One output cell", kind: "workings", beside: [where] }, formula, sums, total,
      el("dl", { class: "answers" },
        el("div", {}, el("dt", {}, "Written out"), el("dd", {}, mine)),
        el("div", {}, el("dt", {}, "Read from the GPU"), el("dd", {}, theirs, by))),
      verdict),

    /** `gpu`: the number at the cell, and the kernel that made it; nothing yet, or nothing ever. */
    show(
      setup: Setup, gpu: { readonly value: number; readonly kernel: string } | false | undefined, waiting: string,
    ): void {
      const all = taps(setup, setup.cell), exact = outcome(setup, all);
      const per = setup.window[0] * setup.window[1], [k, i, j] = setup.cell;
      const channels = Array.from({ length: all.length / per }, (_, n) => all.slice(n * per, (n + 1) * per));
      const plane = convolves(setup) ? "filter" : "channel";
      where.textContent = `y[${k}, ${i}, ${j}]: ${plane} ${k}, row ${i}, column ${j}, counted from 0`;
      formula.replaceChildren(cellFormula(setup));
      sums.replaceChildren(...channels.map((taps) => product(setup, taps)));
      const parts = channels.map((taps) => taps.reduce((a, { x, weight }) => a + x * weight, 0));
      const scale = setup.layer === "max" ? 0 : scaleOf(all), part = (v: number) => factor(v, scale);
      total.textContent = setup.layer === "avg"
        ? `${written(parts[0], 2, scale)} ÷ ${per} = ${written(exact, 4, scale)}`
        : parts.length > 1 ? `${parts.map(part).join(" + ")} = ${written(exact, 2, scale)}`
        : "";
      total.hidden = !total.textContent;
      mine.value = written(exact, 4, scale);
      theirs.value = gpu ? written(gpu.value, 4, scale) : "–";
      by.textContent = gpu ? gpu.kernel : waiting;
      const found = gpu && agree(exact, gpu.value, all);
      verdict.textContent = found ? verdicts[found] : "";
      verdict.dataset.found = found || "";
    },
    hide(why: string): void {
      where.textContent = "";
      formula.replaceChildren();
      sums.replaceChildren();
      total.hidden = true;
      mine.value = theirs.value = "–";
      by.textContent = "";
      verdict.textContent = why;
      verdict.dataset.found = "";
    },
  };
}
