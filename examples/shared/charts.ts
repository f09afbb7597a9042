// Curves: uPlot, and beside each chart a table that says the same.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { ceiling, emptyCurve, type Curve } from "./curve.js";
import { disclosure, el, number, percent, table } from "./dom.js";

interface Line {
  readonly label: string;
  readonly colour: string;
  readonly width: number;
  readonly dash?: number[];
  readonly points?: boolean;
}
interface Look {
  readonly title: string;
  readonly x: string;
  readonly lines: readonly Line[];
  readonly format: (y: number) => string;
  readonly empty: string;
  readonly range?: uPlot.Range.MinMax;
}

const css = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const ROWS = 20, FRAME = 100;  // milliseconds between two drawings

/** An earlier run beside the present one, in a colour of its own. */
export interface Past { readonly name: string; readonly colour: string; readonly curve: Curve }

/** A figure with its curve, readout and table; drawn anew when the theme or the width changes. */
function figure({ title, x, lines: own, format, empty, range }: Look, ...extras: HTMLElement[]) {
  let lines = own;
  const readout = el("p", { class: "readout" }), above = el("p", { class: "above", hidden: true });
  const note = el("p", { class: "empty" }, empty);
  const plot = el("div", { class: "plot", role: "img", "aria-label": `${title}. The values are in the table below.` });
  const legend = el("p", { class: "legend" });
  const tell = (name = "") => {
    const keys = lines.map(({ label, colour, dash }) => {
      const key = el("span", { class: dash ? "key dashed" : "key" }, label);
      key.style.setProperty("--key", `var(${colour})`);
      return key;
    });
    legend.replaceChildren(...name ? [`${name}:`] : [], ...keys);
  };
  const values = table(title, [x, ...lines.map((l) => l.label)]);
  const shown = disclosure("As a table", values.element, () => { fill(); });
  const [toggle, content] = shown.elements;
  const element = el("figure", { class: "card chart" },
    el("figcaption", {}, el("h2", {}, title), legend),
    above,
    el("div", { class: "stage" }, plot, note),
    readout,
    el("div", { class: "chart-foot" }, toggle, ...extras), content);
  let data: uPlot.AlignedData = [[], ...lines.map(() => [])], log = false, span = 0, top = Infinity, told = "";
  let rows: () => string[][] = () => [];

  const axis = (side: "x" | "y"): uPlot.Axis => ({
    stroke: () => css("--soft"), font: "12px system-ui, sans-serif", size: side === "x" ? 24 : 50, gap: 4,
    grid: { stroke: () => css("--line"), width: 1 }, ticks: { show: false },
    ...side === "x" ? {
      incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5],
    } : { values: (_: uPlot, ticks: number[]) => ticks.map((t) => t === null ? "" : format(t)) },
  });
  const extent = () => ({ width: plot.clientWidth || 300, height: plot.clientHeight || 230 });
  const rangeOfX: uPlot.Range.Function = (_, low, high) =>
    span ? [0, Math.max(high, span)] : high > low ? [low, high] : [low - 1, low + 1];
  const rangeOfY: uPlot.Range.Function = (_, low, high) =>
    Number.isFinite(high) && high > 0 ? [Math.min(0, low), Math.min(high, top) * 1.05] : [0, 1];
  const rangeOfLog: uPlot.Range.Function = (_, low, high) => low > 0 && high > 0
    ? uPlot.rangeLog(Math.min(low, top), Math.min(high, top), 10, false) : [0.1, 1];
  /** Where nothing is pointed at, the name of the axis above. */
  const rest = () => { readout.textContent = data[0].length ? x.toLowerCase() : ""; };
  /** What the lines are at a point of the x axis, in words. */
  const words = (at: number) => {
    const parts = lines.map(({ label }, i) => {
      const y = data[i + 1][at];
      return typeof y === "number" ? `${format(y)} ${label}` : "";
    });
    return `${x} ${number(data[0][at])}: ${parts.filter(Boolean).join(", ")}`;
  };
  /** An arrow at the top, in a line's colour, where it is higher than the axis. */
  function mark(u: uPlot): void {
    const { ctx, bbox, scales: { y: { max: most = Infinity } } } = u, size = 5 * devicePixelRatio;
    lines.forEach(({ colour }, i) => {
      let last = -Infinity;
      ctx.fillStyle = css(colour);
      data[0].forEach((at, k) => {
        const value = data[i + 1][k], x = u.valToPos(at, "x", true);
        if (typeof value !== "number" || value <= most || x - last < 2 * size) return;
        last = x;
        ctx.beginPath();
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x - size, bbox.top + 1.6 * size);
        ctx.lineTo(x + size, bbox.top + 1.6 * size);
        ctx.fill();
      });
    });
  }
  const make = () => new uPlot({
    ...extent(), legend: { show: false }, cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    padding: [8, 10, 0, 0],
    scales: {
      x: { time: false, range: rangeOfX },
      y: log ? { distr: 3, range: rangeOfLog } : { range: range ?? rangeOfY },
    },
    axes: [axis("x"), axis("y")],
    series: [{}, ...lines.map(({ label, colour, width, dash, points }): uPlot.Series => ({
      label, stroke: () => css(colour), width, dash, spanGaps: true,
      points: {
        show: points ?? (({ data: all }, i) => [...all[i]].filter((y) => typeof y === "number").length === 1), size: 6,
        fill: () => css(colour),
      },
    }))],
    hooks: { setCursor: [({ cursor: { idx } }) => {
      if (idx === null || idx === undefined) rest(); else readout.textContent = words(idx);
    }], draw: [mark] },
  }, data, plot);

  let chart: uPlot | undefined;
  const again = () => { chart?.destroy(); chart = plot.isConnected && data[0].length ? make() : undefined; };
  new ResizeObserver(() => { if (chart) chart.setSize(extent()); else again(); }).observe(plot);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => chart?.redraw(false, true));
  const fill = () => { if (shown.open) values.fill(rows()); };

  tell();
  return {
    element,
    /** Says in place of the chart why none comes; without a reason, what will bring it. */
    idle(why = empty): void { note.textContent = why; },
    /** The own lines, and those of earlier runs, [x, y] each; beside these the present one has a name, too. */
    draw(
      next: uPlot.AlignedData,
      nextRows: () => string[][],
      past: readonly (Past & { readonly data: uPlot.AlignedData })[] = [],
      name = "",
      cut?: { readonly top: number; readonly most: number },
    ): void {
      top = cut?.top ?? Infinity;
      above.hidden = !cut || cut.most <= cut.top;
      above.textContent = above.hidden ? "" : `Cut off at the top: values of up to ${number(cut?.most ?? 0)}.`;
      lines = [...own, ...past.map(({ name, colour }) => ({ label: name, colour, width: 1.5, dash: [5, 3] }))];
      [data, rows] = [past.length ? uPlot.join([next, ...past.map((p) => p.data)]) : next, nextRows];
      note.hidden = data[0].length > 0;
      if (!note.hidden || !readout.textContent) rest();
      const same = told === (told = name + lines.map(({ label, colour }) => label + colour).join());
      if (!same) tell(name);
      if (chart && data[0].length && same) chart.setData(data); else again();
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

/** Loss of each step, and its moving average; of earlier runs the average alone. */
export function lossChart() {
  let smooth = true, curve: Curve = emptyCurve, past: readonly Past[] = [], name = "", drawn = 0, waiting = false;
  const chart = figure({
    title: "Training loss", x: "Step", empty: "Press Train: each step adds a point.",
    format: (y) => number(y, y >= 100 ? 0 : y > 0 && y < 0.1 ? 3 : 2),
    lines: [{ label: "each step", colour: "--faint", width: 1 }, { label: "smoothed", colour: "--accent", width: 2.5 }],
  }, check("Smooth", true, (on) => { smooth = on; draw(); }), check("Log axis", false, (on) => { chart.log = on; }));

  /** A table of many steps gives the mean of each of some twenty stretches. */
  function rows(): string[][] {
    const { steps, losses, means } = curve, size = Math.max(1, Math.ceil(steps.length / ROWS));
    return Array.from({ length: Math.ceil(steps.length / size) }, (_, i) => {
      const part = losses.slice(i * size, (i + 1) * size), last = Math.min(steps.length, (i + 1) * size) - 1;
      return [number(steps[last]), number(part.reduce((a, b) => a + b, 0) / part.length, 4), number(means[last], 4)];
    });
  }
  function draw(): void {
    [drawn, waiting] = [performance.now(), false];
    const { steps, losses, means } = curve;
    chart.draw([[...steps], [...losses], smooth ? [...means] : means.map(() => null)], rows,
      past.map((p) => ({ ...p, data: [[...p.curve.steps], [...p.curve.means]] })),
      name, ceiling(curve, past.map((p) => p.curve)));
  }
  return {
    element: chart.element, idle: chart.idle,
    /** `own` names the present run beside others. */
    show(next: Curve, others: readonly Past[] = [], own = ""): void {
      [curve, past, name] = [next, others, own];
      if (waiting) return;
      waiting = true;
      setTimeout(draw, Math.max(0, drawn + FRAME - performance.now()));
    },
  };
}

/** Accuracy after each epoch, on training and test images; of earlier runs on test images. */
export function accuracyChart() {
  const chart = figure({
    title: "Accuracy", x: "Epoch", format: (y) => percent(y, 0), empty: "Each epoch adds a point.", range: [0, 1],
    lines: [
      { label: "training", colour: "--accent", width: 2, points: true },
      { label: "test", colour: "--second", width: 2, dash: [6, 4], points: true },
    ],
  });
  return {
    element: chart.element, idle: chart.idle,
    /** The x axis goes to `span` epochs at least; `own` names the present run beside others. */
    show({ epochs }: Curve, others: readonly Past[], own: string, span: number): void {
      chart.span = span;
      chart.draw([epochs.map((e) => e.epoch), epochs.map((e) => e.training), epochs.map((e) => e.test)],
        () => epochs.map((e) => [String(e.epoch), percent(e.training), e.test === null ? "" : percent(e.test)]),
        others.map((p) => ({ ...p, data: [p.curve.epochs.map((e) => e.epoch), p.curve.epochs.map((e) => e.test)] })),
        own);
    },
  };
}
