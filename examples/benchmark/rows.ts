// The table of what was measured: a block for each operator and shape, a row for each pass and rung.
import { digits, share, type BenchRow } from "convoy-gpu/bench";
import { card, el } from "../shared/dom.js";
import { glyph } from "./chart.js";
import { keyOf, type Report } from "./report.js";

const BAD = 1e-3;  // an error that no order of additions explains

/** `chosen` hears of the row that is pointed at or whose button is pressed. */
export function rowTable(chosen: (row: BenchRow | undefined) => void) {
  const every = el("input", { type: "checkbox", id: "every", checked: true });
  const body = el("table"), count = el("p", { class: "soft" });
  const element = card({ id: "rows", title: "Kernels", beside: [
    count, el("label", { class: "check soft", for: "every" }, every, "Every rung, also those not taken"),
  ] },
    el("div", { class: "scroll rows", tabIndex: 0, role: "group", "aria-label": "Kernels" }, body));
  let rows: readonly BenchRow[] = [], other: Report | undefined, change = () => {};
  let lines = new Map<BenchRow, HTMLTableRowElement>(), active: BenchRow | undefined;

  function line(row: BenchRow, theirs: ReadonlyMap<string, BenchRow>): HTMLTableRowElement {
    const { pass, rung, taken, time: { median, low, high }, flops, bandwidth, fraction, error } = row;
    const match = theirs.get(keyOf(row));
    const plain = rows.find((r) =>
      r.rung === "plain" && r.operator === row.operator && r.shape === row.shape && r.pass === pass);
    const bar = el("span", { class: "share-bar", "aria-hidden": "true" });
    bar.style.setProperty("--share", `${Math.min(100, 100 * fraction)}%`);
    const button = el("button", { type: "button", class: "row-name", "aria-pressed": "false" }, glyph(pass, taken),
      el("span", {}, `${pass} `, el("b", {}, rung), taken ? "" : el("span", { class: "soft" }, ", not taken")));
    button.addEventListener("click", () => { chosen(row); });
    const cells: (string | HTMLElement)[] = [
      digits(1e3 * median), `${digits(50 * (high - low) / median)} %`,
      flops ? digits(flops / 1e9) : "", digits(bandwidth / 1e9),
      el("span", { class: "shared" }, bar, share(fraction)),
      plain && rung !== "plain" ? digits(plain.time.median / median) : "",
      error === undefined ? "" : error < BAD
        ? el("span", {}, error ? error.toExponential(1) : "0")
        : el("span", { class: "wrong" }, `${error.toExponential(1)}, wrong`),
    ];
    if (other) {
      cells.push(match ? digits(1e3 * match.time.median) : "–", match ? digits(match.time.median / median) : "–");
    }
    const made = el("tr", { title: row.kernels.join(", ") },
      el("th", { scope: "row" }, button), ...cells.map((cell) => el("td", {}, cell)));
    made.addEventListener("pointerenter", () => { chosen(row); });
    lines.set(row, made);
    return made;
  }

  function draw(): void {
    const heads = [
      "Pass and rung", "ms", "±", "GFLOP/s", "GB/s", "Of the roofline", "× plain", "Error",
      ...other ? ["ms there", "×"] : [],
    ];
    const theirs = new Map(other?.rows.map((row) => [keyOf(row), row]));
    const shown = visible(), groups = new Map<string, BenchRow[]>();
    for (const row of shown) {
      const key = `${row.operator}\n${row.shape}`;
      groups.set(key, [...groups.get(key) ?? [], row]);
    }
    lines = new Map();
    const head = el("thead", {}, el("tr", {}, ...heads.map((h) => el("th", { scope: "col" }, h))));
    body.replaceChildren(el("caption", { class: "hidden" }, "Kernels"), head, ...[...groups.values()].map((group) => {
      const [{ operator, shape }] = group;
      const title = el("th", { scope: "rowgroup", colSpan: heads.length, class: "group" },
        `${operator} `, el("span", { class: "soft" }, shape));
      return el("tbody", {}, el("tr", {}, title), ...group.map((row) => line(row, theirs)));
    }));
    count.textContent = rows.length
      ? `${shown.length < rows.length ? `${shown.length} of ` : ""}${rows.length} measured`
      : "Medians, spread, error and speed of every rung appear here.";
    light(active);
  }
  const visible = () => rows.filter((row) => every.checked || row.taken || row.rung === "only");
  every.addEventListener("change", () => { draw(); change(); });

  function light(row: BenchRow | undefined): void {
    for (const [of, line] of lines) {
      line.classList.toggle("on", of === row);
      line.querySelector("button")?.setAttribute("aria-pressed", String(of === row));
    }
    active = row;
  }
  draw();
  return {
    element, light, visible,
    set changed(hear: () => void) { change = hear; },
    show(next: readonly BenchRow[], others?: Report): void { [rows, other] = [next, others]; draw(); },
  };
}
