// A histogram as bars, in words, and as a table.
import { disclosure, el, number, percent, table } from "./dom.js";
import { BINS, type Histogram } from "./histogram.js";

/** Of any size, in few letters: "0.226", "−0.0058", "1.2e-6". */
const value = (v: number) => v === 0 ? "0"
  : Math.abs(v) >= 1e-3 && Math.abs(v) < 1000 ? number(v, Math.abs(v) < 0.01 ? 4 : Math.abs(v) < 1 ? 3 : 2)
  : v.toExponential(1).replace(/^-/, "−");

export function histogramView(title: string, colour = "") {
  const label = `${title}. The counts are in the table below.`;
  const bars = el("div", { class: `bars ${colour}`, role: "img", "aria-label": label });
  const low = el("span"), zero = el("span", { class: "zero" }, "0"), high = el("span");
  const words = el("p", { class: "soft" });
  const rows = table(title, ["From", "To", "Count"]);
  const listed = disclosure("As a table", rows.element, () => { fill(); });
  const graph = el("div", {}, bars, el("p", { class: "bars-axis soft" }, low, zero, high));
  let shown: Histogram | undefined;
  const fill = () => {
    if (!listed.open || !shown) return;
    const { counts, low: from, high: to } = shown, each = 4, width = (to - from) * each / BINS;
    rows.fill(Array.from({ length: BINS / each }, (_, i) => {
      const count = counts.slice(i * each, (i + 1) * each).reduce((a, b) => a + b, 0);
      return [value(from + i * width), value(from + (i + 1) * width), number(count)];
    }));
  };
  const element = el("div", { class: "histogram" }, el("h3", {}, title), words, graph, ...listed.elements);
  return {
    element,
    /** Without a histogram, `why` there is none. */
    show(next: Histogram | undefined, why = ""): void {
      shown = next;
      graph.hidden = listed.elements[0].hidden = !next;
      if (!next) { words.textContent = why; listed.elements[1].hidden = true; return; }
      const most = Math.max(1, ...next.counts);
      while (bars.children.length < next.counts.length) bars.append(el("span"));
      next.counts.forEach((n, i) => {
        (bars.children[i] as HTMLElement).style.height = `${n ? Math.max(1.5, 100 * n / most) : 0}%`;
      });
      [low.textContent, high.textContent] = [value(next.low), value(next.high)];
      const place = next.low / (next.low - next.high);
      graph.style.setProperty("--zero", `${100 * place}%`);
      graph.classList.toggle("around", place > 0 && place < 1);
      zero.hidden = !(place > 0.2 && place < 0.8);  // beside the ends' numbers
      const zeros = next.zeros ? `; ${percent(next.zeros / next.of, 0)} are 0, not drawn` : "";
      words.textContent = `${number(next.of)} values, mean ${value(next.mean)}, `
        + `standard deviation ${value(next.deviation)}${zeros}.`;
      fill();
    },
  };
}
