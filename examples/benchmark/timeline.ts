// One training step, layer by layer: what each takes, in the order in which it runs, a lane for each pass.
import { digits, share, type ProfileRow } from "convoy-gpu/bench";
import { card, disclosure, el, table } from "../shared/dom.js";
import { svg } from "../shared/svg.js";
import { glyph, passClass } from "./chart.js";
import type { Profiled } from "./protocol.js";

const lanes = ["forward", "input gradient", "weight gradient", "backward", "update"] as const;
const LANE = 34, GAP = 6;
const nameOf = ({ path, layer }: ProfileRow) => path === layer ? path : `${path} ${layer}`;
const kernelsOf = ({ kernels }: ProfileRow) => [...new Set(kernels)].join(", ");

/** A round distance for about `count` ticks up to `most`. */
function spacing(most: number, count: number): number {
  const unit = 10 ** Math.floor(Math.log10(most / count));
  return unit * ([1, 2, 5, 10].find((n) => n * unit >= most / count) ?? 10);
}

export function timeline() {
  const label = "Time of each layer in a training step. The values are in the table below.";
  const plot = el("div", { class: "timeline", role: "img", "aria-label": label });
  const about = el("p", { class: "soft" }), readout = el("p", { class: "roof-readout soft" });
  const heads = ["Layer", "Pass", "ms", "Share", "GFLOP/s", "GB/s", "Of the roofline", "Kernels"];
  const cells = table("Training step", heads), listed = disclosure("As a table", cells.element, () => { fill(); });
  const keys = el("div", { class: "legend marks" }, ...lanes.map((pass) => el("span", {}, glyph(pass), ` ${pass}`)));
  const element = card({ id: "step", title: "A training step", beside: [keys] },
    about, plot, readout, ...listed.elements);
  let shown: Profiled | undefined;

  const words = (row: ProfileRow) => `${nameOf(row)}, ${row.pass}: `
    + `${digits(1e3 * row.seconds)} ms, ${share(row.share)} of the step`
    + (row.flops ? `, ${digits(row.flops / 1e9)} GFLOP/s` : "")
    + `, ${digits(row.bandwidth / 1e9)} GB/s, ${share(row.fraction)} of the roofline; ${kernelsOf(row)}`;
  const rest = () => {
    if (shown) readout.textContent = `Slowest: ${words(shown.rows.reduce((a, b) => b.seconds > a.seconds ? b : a))}`;
  };

  function draw(): void {
    const width = plot.clientWidth;
    if (!shown || !width) return;
    const { rows, seconds } = shown, scale = (width - 2) / seconds;
    const used = lanes.filter((pass) => rows.some((row) => row.pass === pass));
    const bottom = used.length * (LANE + GAP), tick = spacing(seconds, width / 110);
    const ticks = Array.from({ length: Math.floor(seconds / tick) + 1 }, (_, i) => i * tick);
    let at = 0;
    const bars = rows.map((row) => {
      const x = 1 + at * scale, wide = Math.max(1, row.seconds * scale - 1), y = used.indexOf(row.pass) * (LANE + GAP);
      const name = nameOf(row), fits = wide > 6.6 * name.length + 8;
      const bar = svg("g", { class: "span" },
        svg("rect", { x, y, width: wide, height: LANE, rx: Math.min(3, wide / 2), class: passClass(row.pass) }),
        fits && svg("text", { x: x + 5, y: y + LANE / 2 + 4 }, name));
      bar.addEventListener("pointerenter", () => { readout.textContent = words(row); });
      bar.addEventListener("pointerleave", rest);
      at += row.seconds;
      return bar;
    });
    const grid = ticks.flatMap((t) => {
      const x = 1 + t * scale, anchor = t ? t * scale > width - 20 ? "end" : "middle" : "start";
      return [
        svg("path", { class: "grid", d: `M${x} 0V${bottom}` }),
        svg("text", { x, y: bottom + 14, class: "tick", "text-anchor": anchor }, t ? digits(1e3 * t) : "0 ms"),
      ];
    });
    plot.replaceChildren(svg("svg", { width, height: bottom + 20 }, ...grid, ...bars));
  }
  const fill = () => {
    if (listed.open && shown) cells.fill(shown.rows.map((r) => [
      nameOf(r), r.pass, digits(1e3 * r.seconds), share(r.share),
      r.flops ? digits(r.flops / 1e9) : "", digits(r.bandwidth / 1e9), share(r.fraction), kernelsOf(r),
    ]));
  };
  new ResizeObserver(draw).observe(plot);
  return { element, show(next: Profiled | undefined, other?: Profiled): void {
    shown = next;
    element.hidden = !shown;
    if (!shown) return;
    const { network, batch, dispatches, seconds, step, host, clock } = shown;
    const same = other && other.network === network && other.batch === batch;
    about.textContent = `${network}, batch ${batch}: `
      + `${dispatches} dispatches take ${digits(1e3 * seconds)} ms, each in a pass of its own`
      + (clock === "wall clock" ? ", by the wall clock. " : ". ")
      + `Played as one pass the step takes ${digits(1e3 * step)} ms, ${digits(batch / step)} images a second`
      + (host ? `; the host takes ${digits(1e6 * host)} µs of each dispatch.` : ".")
      + (same ? ` On ${other.adapter} it takes ${digits(1e3 * other.step)} ms, `
        + `${digits(other.step / step)} times that.` : "");
    rest();
    draw();
    fill();
  } };
}
