// The confusion matrix, a table whose cells are shaded, and the test images that the network is most wrong about.
import { card, el, number, percent, whole } from "./dom.js";
import { drawPicture } from "./draw.js";
import type { Judgement } from "./judge.js";
import type { ImageShape } from "./protocol.js";

const MOST = 12;  // mistakes, as judge() gives them

export function judgementView() {
  const head = el("thead"), body = el("tbody"), words = el("p", { class: "soft" });
  const list = el("ul", { class: "mistakes" }), none = el("p", { class: "soft" });
  const caption = "How many test images of each class, by row, the network took for each class, by column";
  const frame = el("div", { class: "scroll", tabIndex: 0, role: "group", "aria-label": "Confusion matrix" },
    el("table", { class: "confusion" }, el("caption", { class: "hidden" }, caption), head, body));
  const matrix = card({ id: "confusion", title: "Confusion matrix" }, words, frame);
  const mistakes = card({ id: "mistakes", title: "Worst mistakes" }, none, list);
  /** A row for each class; without counts its cells are empty. */
  function fill(classes: readonly string[], counts?: Judgement["counts"]): void {
    frame.classList.toggle("wide", classes.length <= 20);
    head.replaceChildren(el("tr", {},
      el("th", { scope: "col" }, "true / predicted"),
      ...classes.map((name) => el("th", { scope: "col" }, el("span", {}, name))),
      el("th", { scope: "col" }, el("span", {}, "right"))));
    body.replaceChildren(...classes.map((name, i) => {
      const row = counts?.[i] ?? [], sum = row.reduce((a, b) => a + b, 0);
      return el("tr", {}, el("th", { scope: "row" }, name), ...classes.map((_, j) => {
        const n = row[j] ?? 0, cell = el("td", { class: i === j ? "hit" : "" }, n || sum && i === j ? number(n) : "");
        // The root, so that a few show too.
        cell.style.setProperty("--share", `${Math.round(42 * Math.sqrt(n / Math.max(1, sum)))}%`);
        return cell;
      }), el("td", { class: "rate" }, sum ? percent(row[i] / sum, 0) : "–"));
    }));
  }
  return {
    element: el("div", { class: "judgement", hidden: true }, matrix, mistakes),
    /** Takes the place that a run's first judgement will need, so that the page does not grow then. */
    begin(classes: readonly string[]): void {
      words.textContent = "Counted at the end of each epoch, and in a pause.";
      none.textContent = "The test images with the highest loss.";
      fill(classes);
      const line = () => el("span", {}, "\u00a0");
      list.replaceChildren(...Array.from({ length: MOST }, () =>
        el("li", { "aria-hidden": "true" }, el("canvas"), line(), line(), line())));
    },
    show({ counts, worst }: Judgement, classes: readonly string[], shape: ImageShape, step: number): void {
      const all = counts.flat().reduce((a, b) => a + b, 0), right = counts.reduce((sum, row, i) => sum + row[i], 0);
      const [most, of, as] = counts
        .flatMap((row, i) => row.map((n, j) => [i === j ? 0 : n, i, j] as const))
        .reduce((a, b) => b[0] > a[0] ? b : a, [0, 0, 0] as const);
      const frequent = ` The most frequent mistake: ${classes[of]} taken for ${classes[as]}, ${number(most)} times.`;
      words.textContent = `After step ${number(step)}: ${number(right)} of ${number(all)} test images are right.`
        + (most ? frequent : "");
      fill(classes, counts);
      none.textContent = worst.length
        ? "Highest loss first: the network’s answer, then the truth."
        : "None: every test image is right.";
      list.replaceChildren(...worst.map(({ picture, guess, trust, truth, loss }) => {
        const canvas = el("canvas", { "aria-hidden": "true" });
        drawPicture(canvas, picture, shape);
        return el("li", {}, canvas,
          el("span", { class: "said" }, `${classes[guess]} ${whole(trust)}`),
          el("span", {}, `is ${classes[picture.label]}, ${whole(truth, truth < 0.001 ? 3 : 1)}`),
          el("span", { class: "soft" }, `loss ${number(loss, 2)}`));
      }));
    },
  };
}
