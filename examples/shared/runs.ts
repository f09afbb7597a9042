// The runs of this page: the present one, and earlier ones that are kept to compare, also after the page is closed.
import type { Past } from "./charts.js";
import { emptyCurve, small, type Curve } from "./curve.js";
import { button, card, el, number, percent } from "./dom.js";
import type { Control, Family, Settings, Value } from "./family.js";
import { plain } from "./form.js";

/** `id` is the time it began, in milliseconds. */
export interface RunRecord {
  readonly id: number;
  readonly settings: Settings;
  readonly curve: Curve;
  readonly colour: number;
  readonly shown: boolean;
}

const COLOURS = 5;  // --past-0 … of the style sheet, and so many earlier runs are kept
const clock = (id: number) => new Date(id).toLocaleString("en",
  { weekday: "short", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

/** `changed` hears that other runs are to be drawn; `save` of a file to be kept. */
export function runs(
  { title, controls }: Pick<Family, "title" | "controls">,
  changed: () => void,
  save: (text: string, name: string) => void,
) {
  const key = `convoy runs ${title}`, rows = el("tbody"), head = el("thead");
  const csv = button("Export CSV", () => { save(csvOf([now, ...past], controls), `${title.toLowerCase()}-runs.csv`); },
    { class: "small" });
  let past: readonly RunRecord[] = read(key);
  let now: RunRecord = { id: Date.now(), settings: {}, curve: emptyCurve, colour: -1, shown: true };
  let altered = 0;  // the step after which a setting changed last
  // Of this run: they change while it trains, and the table around them stays.
  const own = [el("td"), el("td"), el("td")];

  function store(all: readonly RunRecord[]): void {
    try {
      localStorage.setItem(key, JSON.stringify(all.map((r) => ({ ...r, curve: small(r.curve) }))));
    } catch { /* storage is full, or not allowed: they stay in this page */ }
  }
  function edit(next: readonly RunRecord[]): void { past = next; store(past); list(); changed(); }
  /** The earlier runs and the present one, if it has got anywhere, in a colour that is free. */
  function withNow(): readonly RunRecord[] {
    if (now.curve.steps.length < 2) return past;
    const others = past.slice(0, COLOURS - 1), colours = Array.from({ length: COLOURS }, (_, i) => i);
    return [{ ...now, colour: colours.find((i) => others.every((r) => r.colour !== i)) ?? 0 }, ...others];
  }
  addEventListener("pagehide", () => { store(withNow()); });  // it goes on if the visitor comes back
  // Another tab has kept a run, or forgotten one: without a look, the next write here would undo it.
  addEventListener("storage", (event) => {
    if (event.key !== key) return;
    past = read(key).filter((r) => r.id !== now.id);
    list();
    changed();
  });

  /** The settings in which runs differ. */
  const differing = (all: readonly RunRecord[]) =>
    controls.filter(({ name }) => new Set(all.map((r) => r.settings[name])).size > 1);

  function list(): void {
    const all = [now, ...past], columns = differing(all);
    const heads = ["Run", ...columns.map((c) => c.label), "Steps", "Loss", "Test accuracy"];
    head.replaceChildren(el("tr", {}, ...heads.map((h) => el("th", { scope: "col" }, h)), el("td")));
    rows.replaceChildren(...all.map((r) => {
      const box = el("input", { type: "checkbox", checked: r.shown }), swatch = el("span", { class: "swatch" });
      const drop = button("Forget", () => { edit(past.filter((p) => p !== r)); },
        { class: "small", "aria-label": `Forget the run of ${clock(r.id)}` });
      swatch.style.background = `var(${colourOf(r)})`;
      box.addEventListener("change", () => { edit(past.map((p) => p === r ? { ...p, shown: box.checked } : p)); });
      const cells = r === now ? own : [el("td"), el("td"), el("td")];
      say(cells, r.curve);
      const run = r === now
        ? el("span", { class: "run-name" }, swatch, "This run")
        : el("label", { class: "run-name" }, box, swatch, clock(r.id));
      return el("tr", {},
        el("th", { scope: "row" }, run),
        ...columns.map(({ name, text = plain }) =>
          el("td", {}, r.settings[name] === undefined ? "" : text(r.settings[name]))),
        ...cells,
        el("td", {}, r === now ? "" : drop));
    }));
  }

  return {
    element: card({ id: "runs", title: "Runs", beside: [csv] },
      el("div", { class: "scroll", tabIndex: 0, role: "group", "aria-label": "Runs" }, el("table", {},
        el("caption", { class: "hidden" }, "This run and earlier ones, with the settings in which they differ"),
        head, rows)),
      el("p", { class: "soft" }, "To compare, change a setting and train again: "
        + `this browser keeps the last ${COLOURS} runs of this page, and the charts show those that are ticked.`)),
    get now(): RunRecord { return now; },
    /** Earlier runs that are to be drawn, and the names of all, by what tells them apart if it is short. */
    get drawn(): { readonly past: Past[]; readonly name: string } {
      const drawn = past.filter((r) => r.shown), all = differing([now, ...drawn]), by = all.length > 2 ? [] : all;
      return {
        past: drawn.map((r) => ({ name: nameOf(r, by) || clock(r.id), colour: colourOf(r), curve: r.curve })),
        name: drawn.length ? nameOf(now, by) || "this run" : "",
      };
    },
    set curve(curve: Curve) { now = { ...now, curve }; say(own, curve); },
    /** A setting that changes while the run goes on: it is known by all the values that it has trained with. */
    alter(name: string, value: Value): void {
      const steps = now.curve.steps.at(-1) ?? 0, before = String(now.settings[name]).split(" → ");
      if (steps === altered) before.pop();
      altered = steps;
      now = { ...now, settings: { ...now.settings, [name]: [...before, value].join(" → ") } };
      list();
    },
    /** Begins a run, or goes on with an earlier one. */
    begin(settings: Settings, id: number): void {
      const found = past.find((r) => r.id === id);
      past = past.filter((r) => r !== found);
      if (id !== now.id) {
        past = withNow();
        store(found ? [found, ...past] : past);  // should the page end without a word
      }
      const { curve, settings: those } = id === now.id ? now : found ?? { curve: emptyCurve, settings };
      // More epochs than it began with, for one: with these from the start, it would be the same run.
      const { epochs = those.epochs } = settings;
      now = { id, settings: { ...those, epochs }, curve, colour: -1, shown: true };
      altered = curve.steps.length ? -1 : 0;
      list();
    },
  };
}

/** Steps, loss, test accuracy. */
function say([steps, loss, accuracy]: readonly HTMLElement[], { steps: at, means, epochs }: Curve): void {
  const test = epochs.at(-1)?.test;
  steps.textContent = number(at.at(-1) ?? 0);
  loss.textContent = means.length ? number(means[means.length - 1], 3) : "–";
  accuracy.textContent = typeof test === "number" ? percent(test) : "–";
}

/** "relu, seed 2". */
const nameOf = ({ settings }: RunRecord, by: readonly Control[]) => by.map(({ name, label, text = plain }) => {
  const value = settings[name] === undefined ? "–" : text(settings[name]);
  return /^[a-z]/i.test(value) ? value : `${label.toLowerCase()} ${value}`;
}).join(", ");
const colourOf = ({ colour }: RunRecord) => colour < 0 ? "--accent" : `--past-${colour}`;

/** What is stored, as far as it is what this version of the page stores. */
function read(key: string): RunRecord[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(stored) ? stored.filter(isRecord) : [];
  } catch { return []; }
}
function isRecord(r: Partial<RunRecord> | null): r is RunRecord {
  const numbers = (a: unknown) => Array.isArray(a) && a.every((v) => typeof v === "number");
  return typeof r?.id === "number" && typeof r.colour === "number" && r.colour >= 0 && r.colour < COLOURS
    && typeof r.shown === "boolean" && typeof r.settings === "object"
    && numbers(r.curve?.steps) && numbers(r.curve?.losses) && numbers(r.curve?.means) && Array.isArray(r.curve?.epochs);
}

/** One row a step that is kept, with the accuracies at the ends of epochs and the run's settings. */
export function csvOf(
  all: readonly Pick<RunRecord, "id" | "settings" | "curve">[], controls: readonly Control[],
): string {
  const heads = ["run", "step", "loss", "smoothed_loss", "epoch", "training_accuracy", "test_accuracy"];
  const lines = all.flatMap(({ id, settings, curve: { steps, losses, means, epochs } }) => {
    const about = controls.map(({ name }) => settings[name] ?? ""), ends = new Map(epochs.map((e) => [e.step, e]));
    const at = [...new Set([...steps, ...ends.keys()])].sort((a, b) => a - b);
    return at.map((step) => {
      const i = steps.indexOf(step), end = ends.get(step);
      return [
        new Date(id).toISOString(), step, losses[i] ?? "", means[i] ?? "",
        end?.epoch ?? "", end?.training ?? "", end?.test ?? "", ...about,
      ].join(",");
    });
  });
  return [[...heads, ...controls.map(({ name }) => name)].join(","), ...lines].join("\n") + "\n";
}
