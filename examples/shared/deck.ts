// The bar that drives a run: buttons, figures, progress. Space trains and pauses, "." steps.
import type { Progress } from "convoy-gpu";
import type { Curve } from "./curve.js";
import { button, el, keys, number, percent, wholeField } from "./dom.js";

export type State = "waiting" | "paused" | "training" | "finished" | "failed";
export interface Commands { train(): void; more(epochs: number): void; pause(): void; step(): void; reset(): void }

const MORE = 1000;   // epochs that are added at once, at most
const SAY = 15_000;  // milliseconds between two announcements while training
const MEANT = 700;   // milliseconds after the end in which a press was meant for "Pause"
const figures = ["Epoch", "Step", "Loss", "Training accuracy", "Test accuracy", "Images/s", "Time left"] as const;
type Figure = (typeof figures)[number];

export function deck(commands: Commands) {
  const toggle = () => {
    if (state === "training") commands.pause();
    else if (state !== "finished") commands.train();
    else if (performance.now() - since >= MEANT) commands.more(epochs);
  };
  const go = button("Train", toggle, { class: "main", disabled: true, "aria-keyshortcuts": "Space" });
  const step = button("Step", commands.step, { disabled: true, "aria-keyshortcuts": "." });
  const reset = button("Reset", commands.reset, { disabled: true });
  const more = wholeField("more", 1, MORE, (value) => { epochs = value; name(); }, "How many more epochs");
  more.className = "more";
  more.hidden = true;
  more.addEventListener("input", () => { go.disabled = more.matches("[aria-invalid=true]"); });
  more.addEventListener("keydown", ({ key }) => { if (key === "Enter") go.click(); });
  const values = Object.fromEntries(figures.map((name) => [name, el("dd", {}, "–")])) as Record<Figure, HTMLElement>;
  const progress = el("progress", { max: 1, value: 0, "aria-label": "Progress of the run" });
  const status = el("p", { class: "status" }, "Starting …");
  const live = el("p", { class: "hidden", role: "status", "aria-live": "polite" });
  let state: State = "waiting", said = 0, since = 0, epochs = 1, astray = false;
  const name = () => {
    go.textContent = state === "training" ? "Pause"
      : state === "finished" ? `Train ${number(epochs)} more ${epochs === 1 ? "epoch" : "epochs"}` : "Train";
  };

  keys({ " ": go, ".": step });
  const put = (name: Figure, text: string) => { values[name].textContent = text; };
  /** Where the run stands; `curve`: of a restored one, which has told of itself before. */
  function place(
    { epoch, epochs, step: at, steps }: Pick<Progress, "epoch" | "epochs" | "step" | "steps">, curve?: Curve,
  ): void {
    const loss = curve?.means.at(-1), test = curve?.epochs.at(-1)?.test;
    if (loss !== undefined) put("Loss", number(loss, 3));
    if (typeof test === "number") put("Test accuracy", percent(test));
    put("Epoch", `${epoch} / ${epochs}`);
    const total = (epoch - 1) * steps + at, all = epochs * steps;  // of the run, as everywhere else on the page
    put("Step", `${number(total)} / ${number(all)}`);
    progress.value = total / all;
  }

  return {
    element: el("section", { class: "deck", "aria-label": "Training" },
      el("div", { class: "buttons" }, go, more, step, reset),
      el("dl", { class: "figures" }, ...figures.map((name) => el("div", {}, el("dt", {}, name), values[name]))),
      progress,
      el("div", { class: "deck-foot" }, status, live, el("p", { class: "keys" },
        el("kbd", {}, "Space"), " trains and pauses, ", el("kbd", {}, "."), " takes one step"))),

    set state(next: State) {
      const focused = [go, more, step, reset].find((e) => e === document.activeElement);
      [state, since] = [next, performance.now()];
      go.disabled = next === "waiting" || next === "failed";
      step.disabled = go.disabled;
      step.hidden = next === "finished";
      more.hidden = !step.hidden;
      reset.disabled = next === "waiting";
      name();
      // What a press disables, or takes away, loses the focus: the main button has it once it can be pressed.
      astray ||= focused?.disabled === true || focused?.hidden === true;
      if (!astray || go.disabled) return;
      astray = false;
      if ([document.body, focused].includes(document.activeElement as HTMLElement)) go.focus({ preventScroll: true });
    },
    get state(): State { return state; },
    /** How many epochs are offered after the end. */
    set more(offered: number) {
      epochs = Math.min(MORE, offered);
      more.value = String(epochs);
      more.setAttribute("aria-invalid", "false");
    },

    clear(): void {
      for (const name of figures) values[name].textContent = "–";
      progress.value = 0;
    },

    place,

    /** `loss`: the smoothed one, as in the chart and the table of runs. */
    show({ accuracy, test, imagesPerSecond, secondsLeft, ...at }: Progress, loss: number): void {
      place(at);
      put("Loss", number(loss, 3));
      put("Training accuracy", percent(accuracy));
      if (test) put("Test accuracy", percent(test.accuracy));
      if (imagesPerSecond) put("Images/s", number(imagesPerSecond));
      if (Number.isFinite(secondsLeft)) put("Time left", duration(secondsLeft));
    },

    /**
     * Tells of an event. Of what is no event, a screen reader alone hears, as the figures show it; while training, not
     * if something was said just before.
     */
    say(text: string, event = true): void {
      if (event) status.textContent = text;
      else if (state === "training" && performance.now() - said < SAY) return;
      said = performance.now();
      live.textContent = text;
    },
  };
}

const duration = (seconds: number) => seconds < 90 ? `${Math.ceil(seconds)} s`
  : seconds < 5400 ? `${Math.round(seconds / 60)} min`
  : `${number(seconds / 3600, 1)} h`;
