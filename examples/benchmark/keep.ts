// The card for results: copied as Markdown, saved as data, and another device's opened beside them.
import { digits, type BenchRow } from "convoy-gpu/bench";
import { button, card, download, el } from "../shared/dom.js";
import { textOf } from "../shared/protocol.js";
import { keyOf, parseReport, toJson, toMarkdown, type Report } from "./report.js";

/** `report` gives what there is; `opened` hears of another device's, and of none when it is closed. */
export function keepCard(report: () => Report | undefined, opened: (other: Report | undefined) => void) {
  const said = el("p", { class: "soft", role: "status" }), beside = el("p", { class: "beside" });
  const input = el("input", { type: "file", accept: ".json,application/json", id: "report-file" });
  const text = el("textarea", { readOnly: true, rows: 8, "aria-label": "The report as Markdown", hidden: true });
  let other: Report | undefined;

  const copy = button("Copy as Markdown", () => {
    const mine = report();
    if (!mine) return;
    text.value = toMarkdown(mine, other);
    text.hidden = true;
    // A page without focus, or an old browser, may not write to the clipboard.
    const copied = Promise.resolve().then(() => navigator.clipboard.writeText(text.value));
    copied.then(() => { said.textContent = "Copied."; }, () => {
      text.hidden = false;
      text.select();
      said.textContent = "The browser did not let the page copy; the text is below, selected.";
    });
  }, { disabled: true });
  const save = button("Save as JSON", () => {
    const mine = report();
    if (!mine) return;
    const name = mine.adapter.name.toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, 40);
    download(toJson(mine), `convoy-${name}.json`);
  }, { disabled: true });
  const forget = button("Close the report", () => { said.textContent = ""; opened(undefined); }, { disabled: true });
  async function read(file: File): Promise<void> {
    try {
      opened(parseReport(await file.text(), file.name));
      said.textContent = "";
    } catch (error) { said.textContent = `${textOf(error)}.`; }
  }
  input.addEventListener("change", () => {
    const [file] = input.files ?? [];
    if (file) void read(file);
    input.value = "";
  });
  return {
    element: card({ id: "keep", title: "Keep and compare" },
      el("div", { class: "own-tools" },
        copy, save, el("label", { class: "button", for: "report-file" }, "Open a report", input), forget),
      beside, said, text,
      el("p", { class: "soft" }, "The JSON is what ", el("code", {}, "npm run bench -- --json FILE"),
        " writes in a terminal, so a page and a terminal, or two devices, can be laid side by side.")),
    show(ready: boolean, next: Report | undefined, rows: readonly BenchRow[]): void {
      copy.disabled = save.disabled = !ready;
      other = next;
      forget.hidden = forget.disabled = !other;
      const theirs = new Map(other?.rows.map((row) => [keyOf(row), row.time.median]));
      const ratios = rows
        .flatMap((row) => theirs.has(keyOf(row)) ? [theirs.get(keyOf(row))! / row.time.median] : [])
        .sort((a, b) => a - b);
      beside.hidden = !other;
      if (!other) return;
      const { adapter: { name }, roofline: { flops, bandwidth, clock }, rows: { length } } = other;
      beside.textContent = `${name}: ${digits(flops / 1e9)} GFLOP/s, ${digits(bandwidth / 1e9)} GB/s, `
        + `${length === 1 ? "one kernel" : `${length} kernels`}, by ${clock}. `
        + (ratios.length
          ? `Of ${ratios.length} that both measured, the middle one takes ${digits(ratios[ratios.length >> 1])} times `
            + "as long there as here."
          : "Nothing was measured on both yet.");
    },
  };
}
