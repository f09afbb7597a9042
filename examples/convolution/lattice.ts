// A plane of numbers as a grid: one stop for the Tab key, arrows move inside. Values colour their cells; a frame shows
// the window.
import { el } from "../shared/dom.js";
import { written } from "./arithmetic.js";

export interface Plane {
  readonly label: string;
  readonly rows: number; readonly columns: number;
  /** Rows and columns of padding around, shown but no part of the plane, and what stands in them. */
  readonly padding?: readonly [number, number];
  readonly filler?: string;
  /** Called with a number that was typed; without it, cells are read only. */
  typed?(row: number, column: number, value: number): void;
  /** Called when a cell is chosen, by focus or click. */
  chosen?(row: number, column: number): void;
}

export interface Lattice {
  readonly element: HTMLElement;
  fill(values: ArrayLike<number> | undefined, largest: number): void;
  /** Marks cells by row and column, which may lie in the padding, and frames the box around them. */
  mark(cells: readonly (readonly [row: number, column: number])[]): void;
  /** The cell on which a product stands. */
  point(at?: readonly [row: number, column: number]): void;
  focus(row: number, column: number): void;
}

const steps: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
  Home: [0, -99], End: [0, 99], PageUp: [-99, 0], PageDown: [99, 0],
};

/** The nearest to `at` of so many. */
const within = (at: number, count: number) => Math.max(0, Math.min(count - 1, at));

/** A number in six letters, which fit a cell. */
const brief = (value: number, scale: number) =>
  [2, 1, 0].map((decimals) => written(value, decimals, scale)).find((t) => t.length <= 6)
    ?? value.toExponential(1).replace("e+", "e").replaceAll("-", "−");

export function lattice(
  { label, rows, columns, padding: [above, left] = [0, 0], filler = "0", typed, chosen }: Plane,
): Lattice {
  const frame = el("div", { class: "frame", "aria-hidden": "true", hidden: true });
  const edge = (i: number, side: number, n: number) => i < side || i >= side + n;
  const all: HTMLTableCellElement[][] = [], stops: HTMLElement[][] = [];
  let current: HTMLElement | undefined;

  function stop(to: HTMLElement): void {
    if (current) current.tabIndex = -1;
    (current = to).tabIndex = 0;
  }
  for (let i = 0; i < rows + 2 * above; i++) {
    all.push([]);
    if (!edge(i, above, rows)) stops.push([]);
    for (let j = 0; j < columns + 2 * left; j++) {
      const [row, column] = [i - above, j - left], cell = el("td");
      all[i].push(cell);
      if (edge(i, above, rows) || edge(j, left, columns)) {
        cell.className = "pad";
        cell.textContent = filler;
        continue;
      }
      const target: HTMLElement = !typed ? cell : el("input", {
        type: "text", inputMode: "decimal", autocomplete: "off", spellcheck: false,
        "aria-label": `${label}, row ${row}, column ${column}`,
      });
      if (typed) cell.append(target);
      target.tabIndex = -1;
      stops[row].push(target);
      target.addEventListener("focus", () => {
        stop(target);
        if (target instanceof HTMLInputElement) target.select();
        chosen?.(row, column);
      });
      target.addEventListener("click", () => { target.focus(); });
      target.addEventListener("input", () => {
        const text = (target as HTMLInputElement).value.replace("−", "-").replace(",", ".").trim();
        const value = text === "" ? NaN : Number(text), good = Number.isFinite(value) && Math.abs(value) <= 9999;
        target.setAttribute("aria-invalid", String(!good));
        if (good) typed?.(row, column, value);
      });
      target.addEventListener("keydown", (event) => {
        const step = steps[event.key];
        if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        stops[within(row + step[0], rows)][within(column + step[1], columns)].focus();
      });
    }
  }
  stop(stops[0][0]);
  const table = el("table", { role: "grid", "aria-label": label, ...!typed && { "aria-readonly": "true" } },
    el("tbody", {}, ...all.map((cells) => el("tr", {}, ...cells))));

  return {
    element: el("div", { class: "plane" }, table, frame),
    fill(values, largest) {
      stops.forEach((line, row) => { line.forEach((target, column) => {
        const value = values?.[row * columns + column], cell = all[row + above][column + left];
        const text = value === undefined ? "·" : brief(value, typed ? 0 : largest);
        const much = value === undefined ? 0 : Math.round(36 * Math.min(1, Math.abs(value) / (largest || 1)));
        if (!(target instanceof HTMLInputElement)) cell.textContent = text;
        else if (document.activeElement !== target) {
          target.value = text;
          target.setAttribute("aria-invalid", "false");
        }
        cell.classList.toggle("minus", (value ?? 0) < 0);
        cell.style.setProperty("--much", `${much}%`);
        cell.classList.toggle("long", text.length === 4);
        cell.classList.toggle("longest", text.length > 4);
        cell.title = value === undefined || String(value).length < 6 ? "" : String(value);
      }); });
    },
    mark(cells) {
      for (const cell of all.flat()) {
        cell.classList.remove("tap");
        if (chosen) cell.setAttribute("aria-selected", "false");
      }
      frame.hidden = !cells.length;
      if (!cells.length) return;
      for (const [row, column] of cells) all[row + above]?.[column + left]?.classList.add("tap");
      const [top, bottom] = [Math.min, Math.max].map((f) => f(...cells.map(([row]) => row + above)));
      const [first, last] = [Math.min, Math.max].map((f) => f(...cells.map(([, column]) => column + left)));
      const box = { top, first, tall: bottom - top + 1, wide: last - first + 1 };
      for (const [name, value] of Object.entries(box)) frame.style.setProperty(`--${name}`, String(value));
      if (chosen) { all[top][first].setAttribute("aria-selected", "true"); stop(stops[top][first]); }
    },
    point(at) {
      for (const cell of all.flat()) cell.classList.remove("hot");
      if (at) all[at[0] + above]?.[at[1] + left]?.classList.add("hot");
    },
    focus: (row, column) => { stops[row]?.[column]?.focus(); },
  };
}
