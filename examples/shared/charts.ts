// Curves: uPlot, and beside each chart a table that says the same.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Progress } from "convoy-gpu";
import { disclosure, el, number, percent, table } from "./dom.js";

interface Line { readonly label: string; readonly colour: string; readonly width: number; readonly dash?: number[]; readonly points?: boolean }
interface Look { readonly title: string; readonly x: string; readonly lines: readonly Line[]; readonly format: (y: number) => string; readonly empty: string; readonly range?: uPlot.Range.MinMax }

const css = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const MOST = 4096, ROWS = 20;

/** A figure with its curve, readout and table; drawn anew when the theme or the width changes. */
function figure({ title, x, lines, format, empty, range }: Look, ...extras: HTMLElement[]) {
  const readout = el("span", { class: "readout" }), note = el("p", { class: "empty" }, empty);
  const plot = el("div", { class: "plot", role: "img", "aria-label": `${title}. The values are in the table below.` });
  const legend = el("span", { class: "legend" }, ...lines.map(({ label }, i) => el("span", { class: `key key-${i} ${lines[i].dash ? "dashed" : ""}` }, label)));
  const values = table(title, [x, ...lines.map((l) => l.label)]), shown = disclosure("As a table", values.element, () => { fill(); });
  const element = el("figure", { class: "card chart" },
    el("figcaption", {}, el("h2", {}, title), legend), el("div", { class: "stage" }, plot, note), el("div", { class: "chart-foot" }, readout, ...extras), ...shown.elements);
  let data: uPlot.AlignedData = [[], ...lines.map(() => [])], log = false, span = 0, rows: () => string[][] = () => [];

  const axis = (side: "x" | "y"): uPlot.Axis => ({
    stroke: () => css("--soft"), font: "12px system-ui, sans-serif", size: side === "x" ? 30 : 50, gap: 4,
    grid: { stroke: () => css("--line"), width: 1 }, ticks: { show: false },
    ...side === "x" ? { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5] } : { values: (_: uPlot, ticks: number[]) => ticks.map((t) => t === null ? "" : format(t)) },
  });
  const extent = () => ({ width: plot.clientWidth || 300, height: plot.clientHeight || 230 });
  const make = () => new uPlot({
    ...extent(), legend: { show: false }, cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    padding: [8, 10, 0, 0], scales: { x: { time: false, range: (_, low, high) => span ? [0, Math.max(high, span)] : high > low ? [low, high] : [low - 1, low + 1] }, y: log ? { distr: 3 } : { range: range ?? ((_, low, high) => Number.isFinite(high) && high > 0 ? [Math.min(0, low), high * 1.05] : [0, 1]) } }, axes: [axis("x"), axis("y")],
    series: [{}, ...lines.map(({ label, colour, width, dash, points }): uPlot.Series => ({
      label, stroke: () => css(colour), width, dash, spanGaps: true, points: { show: points ?? (({ data: [xs] }) => xs.length === 1), size: 6, fill: () => css(colour) } }))],
    hooks: { setCursor: [({ cursor: { idx } }) => {
      readout.textContent = idx === null || idx === undefined ? "" : `${x} ${number(data[0][idx])}: ${lines.map(({ label }, i) => { const y = data[i + 1][idx]; return typeof y === "number" ? `${label} ${format(y)}` : ""; }).filter(Boolean).join(", ")}`;
    }] },
  }, data, plot);

  let chart: uPlot | undefined;
  const again = () => { chart?.destroy(); chart = plot.isConnected && data[0].length ? make() : undefined; };
  new ResizeObserver(() => { if (chart) chart.setSize(extent()); else again(); }).observe(plot);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => chart?.redraw(false, true));
  const fill = () => { if (shown.open) values.fill(rows()); };

  return {
    element,
    draw(next: uPlot.AlignedData, nextRows: () => string[][]): void {
      [data, rows] = [next, nextRows];
      note.hidden = data[0].length > 0;
      if (chart && data[0].length) chart.setData(data); else again();
      fill();
    },
    set log(on: boolean) { log = on; again(); },
    /** The x axis goes from 0 to here at least. */
    set span(most: number) { span = most; },
  };
}

const check = (label: string, checked: boolean, changed: (on: boolean) => void) => {
  const box = el("input", { type: "checkbox", checked });
  box.addEventListener("change", () => { changed(box.checked); });
  return el("label", { class: "check" }, box, label);
};

/** Loss of each step, and its moving average. */
export function lossChart() {
  let smooth = true, steps: number[] = [], losses: number[] = [], means: number[] = [], mean = 0, weight = 0, drawn = 0;
  const chart = figure({
    title: "Training loss", x: "Step", format: (y) => number(y, y > 0 && y < 0.1 ? 3 : 2), empty: "Each step adds a point.",
    lines: [{ label: "each step", colour: "--faint", width: 1 }, { label: "smoothed", colour: "--accent", width: 2.5 }],
  }, check("Smooth", true, (on) => { smooth = on; show(); }), check("Log axis", false, (on) => { chart.log = on; }));

  /** A table of many steps gives the mean of each of some twenty stretches. */
  function rows(): string[][] {
    const size = Math.max(1, Math.ceil(steps.length / ROWS));
    return Array.from({ length: Math.ceil(steps.length / size) }, (_, i) => {
      const part = losses.slice(i * size, (i + 1) * size), last = Math.min(steps.length, (i + 1) * size) - 1;
      return [number(steps[last]), number(part.reduce((a, b) => a + b, 0) / part.length, 4), number(means[last], 4)];
    });
  }
  const show = () => { drawn = performance.now(); chart.draw([steps, losses, smooth ? means : means.map(() => null)], rows); };

  return {
    element: chart.element,
    /** Losses of the steps that end with step `total`. */
    add(total: number, added: readonly number[]): void {
      added.forEach((loss, i) => {
        // An average over about 15 steps; dividing by the weights' sum keeps its beginning from leaning to zero.
        mean = 0.933 * mean + loss;
        weight = 0.933 * weight + 1;
        steps.push(total - added.length + i + 1);
        losses.push(loss);
        means.push(mean / weight);
      });
      if (steps.length > MOST) {  // every other point goes, the last stays
        const half = (a: number[]) => a.filter((_, i) => (a.length - i) % 2 === 1);
        [steps, losses, means] = [half(steps), half(losses), half(means)];
      }
      if (performance.now() - drawn > 100) show(); else setTimeout(show, 100);
    },
    /** Forgets what came after a step. */
    clear(after: number): void {
      const keep = steps.filter((s) => s <= after).length;
      steps.length = losses.length = means.length = keep;
      if (!keep) mean = weight = 0;
      show();
    },
  };
}

/** Accuracy after each epoch, on training and test images. */
export function accuracyChart() {
  const epochs: number[] = [], training: number[] = [], test: (number | null)[] = [];
  const chart = figure({
    title: "Accuracy", x: "Epoch", format: (y) => percent(y, 0), empty: "Each epoch adds a point.", range: [0, 1],
    lines: [{ label: "training", colour: "--accent", width: 2, points: true }, { label: "test", colour: "--second", width: 2, dash: [6, 4], points: true }],
  });
  const show = () => { chart.draw([epochs, training, test], () => epochs.map((e, i) => [String(e), percent(training[i]), test[i] === null ? "" : percent(test[i])])); };
  return {
    element: chart.element,
    add({ epoch, epochs: span, accuracy, test: tested }: Progress): void { chart.span = span; epochs.push(epoch); training.push(accuracy); test.push(tested?.accuracy ?? null); show(); },
    clear(): void { epochs.length = training.length = test.length = 0; show(); },
  };
}
