// The roofline, by logarithms: operations a second over operations a byte. What does not multiply has a strip of its
// own, by bytes a second.
import { digits, share, type BenchRow, type Roofline } from "convoy-gpu/bench";
import { el } from "../shared/dom.js";
import { svg } from "../shared/svg.js";

/** The mark of a pass: told apart by shape as by colour. Drawn around 0, about 10 wide. */
const marks: Readonly<Record<string, string>> = {
  "forward": "M0-5A5 5 0 1 1 0 5A5 5 0 1 1 0-5Z",
  "input gradient": "M0-6L5.6 4.5H-5.6Z",
  "weight gradient": "M-4.5-4.5H4.5V4.5H-4.5Z",
  "backward": "M0 6L5.6-4.5H-5.6Z",
  "update": "M0-6.2L6.2 0L0 6.2L-6.2 0Z",
};
export const passClass = (pass: string) => `pass-${pass.replace(" ", "-")}`;
const mark = (pass: string, taken: boolean) =>
  svg("path", { d: marks[pass] ?? marks.update, class: `mark ${passClass(pass)}${taken ? "" : " hollow"}` });
/** The same beside words. */
export const glyph = (pass: string, taken = true) =>
  svg("svg", { viewBox: "-8 -8 16 16", width: 16, height: 16, "aria-hidden": "true" }, mark(pass, taken));

const words = ({ operator, shape, pass, rung, time, flops, bandwidth, fraction }: BenchRow) =>
  `${operator} ${shape}, ${pass}, ${rung}: ${digits(1e3 * time.median)} ms, `
    + (flops ? `${digits(flops / 1e9)} GFLOP/s` : `${digits(bandwidth / 1e9)} GB/s`)
    + `, ${share(fraction)} of the roofline`;

/** A logarithmic axis from `low` to `high`, drawn from `from` to `to`. */
function logarithmic(low: number, high: number, from: number, to: number) {
  const scale = (to - from) / Math.log(high / low);
  return {
    low, high,
    at: (value: number) => from + scale * Math.log(Math.min(high, Math.max(low, value)) / low),
    /** The powers of ten within; where there are few, 2 and 5 times them too. */
    ticks: [1, 2, 5].flatMap((n) => Array.from({ length: 31 }, (_, i) => [n, n * 10 ** (i - 15)] as const))
      .filter(([n, value]) => value >= low && value <= high && (n === 1 || high / low < 200)).map(([, value]) => value),
  };
}

/** "0.01", "5", "2 k". */
const short = (value: number) => value >= 1000
  ? `${Number((value / 1000).toPrecision(3))} k`
  : String(Number(value.toPrecision(3)));

type Axis = ReturnType<typeof logarithmic>;
const text = (x: number, y: number, content: string, anchor = "middle") =>
  svg("text", { x, y, "text-anchor": anchor }, content);
const path = (name: string, d: string) => svg("path", { class: name, d });

/** What the roofline allows, from where its slope comes into sight. */
function roofPath({ flops, bandwidth }: Roofline, x: Axis, y: Axis, right: number, name: string): SVGPathElement {
  const from = Math.max(x.low, y.low / bandwidth);
  return path(name, `M${x.at(from)} ${y.at(from * bandwidth)}L${x.at(flops / bandwidth)} ${y.at(flops)}H${right}`);
}

/** A chart with its readout; `pointed` hears which row's point is under the pointer. */
export function rooflineChart(pointed: (row: BenchRow | undefined) => void) {
  const label = "Roofline. The values are in the table below.";
  const plot = el("div", { class: "plot", role: "img", "aria-label": label });
  const readout = el("p", { class: "roof-readout soft" }), keys = el("div", { class: "legend marks" });
  const note = el("p", { class: "empty" }, "Each kernel that is measured adds a point.");
  let roof: Roofline | undefined, rows: readonly BenchRow[] = [], other: Roofline | undefined;
  let active: BenchRow | undefined, points = new Map<BenchRow, SVGGElement>();

  function point(row: BenchRow, x: number, y: number): SVGGElement {
    const made = svg("g", { class: "point", transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` },
      svg("circle", { r: 11, class: "halo" }), mark(row.pass, row.taken));
    made.addEventListener("pointerenter", () => { pointed(row); });
    made.addEventListener("pointerleave", () => { pointed(undefined); });
    points.set(row, made);
    return made;
  }

  function draw(): void {
    const width = plot.clientWidth, height = plot.clientHeight;
    const base = roof ?? other;  // before anything is measured here, a report's alone
    note.hidden = base !== undefined;
    points = new Map();
    if (!base || !width || !height) { plot.replaceChildren(); light(active); return; }
    const moving = rows.filter((r) => !r.flops), working = rows.filter((r) => r.flops);
    const narrow = width < 520, strip = moving.length ? narrow ? 70 : 130 : 0;
    const left = 44, right = width - (strip && strip + 48) - 8, top = 26, bottom = height - 40;
    const peak = Math.max(base.flops, other?.flops ?? 0), ridge = base.flops / base.bandwidth;
    const rates = working.map((r) => r.flops), heavy = working.map((r) => r.flops / r.bandwidth);
    const least = Math.min(0.3, ...heavy.map((v) => v / 2)), most = Math.max(6 * ridge, 30, ...heavy.map((v) => 2 * v));
    const x = logarithmic(least, most, left, right);
    const y = logarithmic(Math.min(peak / 300, ...rates.map((v) => v / 2)), 1.6 * peak, bottom, top);
    const foot = Math.max(least, y.low / base.bandwidth);  // where the slope comes into sight
    const parts: SVGElement[] = [
      ...y.ticks.flatMap((v) => [
        path("grid", `M${left} ${y.at(v)}H${right}`), text(left - 6, y.at(v) + 4, short(v / 1e9), "end"),
      ]),
      ...x.ticks.filter((_, i, all) => !narrow || all.length < 5 || i % 2 === 0).flatMap((v) => [
        path("grid", `M${x.at(v)} ${top}V${bottom}`), text(x.at(v), bottom + 17, short(v)),
      ]),
      text((left + right) / 2, height - 5, "arithmetic intensity, FLOP/byte"),
      text(2, 12, "GFLOP/s", "start"),
      ...other ? [roofPath(other, x, y, right, "roof other")] : [],
      ...roof ? [roofPath(roof, x, y, right, "roof")] : [],
      text(right - 4, y.at(base.flops) - 7, `${digits(base.flops / 1e9)} GFLOP/s`, "end"),
      text(x.at(foot) + 10, y.at(foot * base.bandwidth) + 14, `${digits(base.bandwidth / 1e9)} GB/s`, "start"),
      ...working.map((row, i) => point(row, x.at(heavy[i]), y.at(row.flops))),
    ];
    if (strip) {
      const from = right + 48, to = width - 8, speeds = moving.map((r) => r.bandwidth);
      const highest = Math.max(base.bandwidth, other?.bandwidth ?? 0, ...speeds);
      const z = logarithmic(Math.min(highest / 30, ...speeds.map((v) => v / 2)), 1.6 * highest, bottom, top);
      parts.push(
        ...z.ticks.flatMap((v) => [
          path("grid", `M${from} ${z.at(v)}H${to}`), text(from - 6, z.at(v) + 4, short(v / 1e9), "end"),
        ]),
        text(from - 40, 12, "GB/s", "start"),
        text((from + to) / 2, height - 5, narrow ? "only moving" : "what only moves bytes"),
        ...other ? [path("roof other", `M${from} ${z.at(other.bandwidth)}H${to}`)] : [],
        path("roof", `M${from} ${z.at(base.bandwidth)}H${to}`),
        ...moving.map((row, i) =>
          point(row, from + 10 + (to - from - 20) * (i + 0.5) / moving.length, z.at(row.bandwidth))));
    }
    plot.replaceChildren(svg("svg", { width, height }, ...parts));
    light(active);
  }

  /** Shows which row is meant, in the chart and in words. */
  function light(row: BenchRow | undefined): void {
    if (active) points.get(active)?.classList.remove("on");
    active = row;
    const found = row && points.get(row);
    found?.classList.add("on");
    found?.parentNode?.append(found);  // in front
    readout.textContent = row ? words(row) : rows.length ? "Point at a mark, or choose a row of the table." : "";
  }

  new ResizeObserver(draw).observe(plot);
  light(undefined);
  return {
    element: el("figure", { class: "card chart roofline" },
      el("figcaption", {}, el("h2", {}, "Roofline"), keys), el("div", { class: "stage" }, plot, note), readout),
    light,
    /** `others`: the roofline of another device. */
    show(of: Roofline | undefined, next: readonly BenchRow[], others?: Roofline): void {
      [roof, rows, other] = [of, next, others];
      if (active && !rows.includes(active)) active = undefined;
      const passes = [...new Set(rows.map((r) => r.pass))], hollow = rows.some((r) => !r.taken);
      const icons = passes.map((pass): [string, SVGElement] => [pass, glyph(pass)]);
      if (hollow) icons.push(["not taken", glyph("forward", false)]);
      keys.replaceChildren(
        ...icons.map(([name, icon]) => el("span", {}, icon, ` ${name}`)),
        ...other ? [el("span", { class: "key dashed other" }, "other device")] : []);
      draw();
    },
  };
}
