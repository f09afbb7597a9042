// The bar that drives a run: buttons, figures, progress. Space trains and pauses, "." steps.
import type { Progress } from "convoy-gpu";
import type { Curve } from "./curve.js";
import { button, el, keys, number, percent } from "./dom.js";

export type State = "waiting" | "paused" | "training" | "finished" | "failed";
export interface Commands { train(): void; pause(): void; step(): void; reset(): void }

const SAY = 5000;  // milliseconds between two announcements while training
const figures = ["Epoch", "Step", "Loss", "Training accuracy", "Test accuracy", "Images/s", "Time left"] as const;
type Figure = (typeof figures)[number];

export function deck(commands: Commands) {
  const toggle = () => { if (state === "training") commands.pause(); else commands.train(); };
  const go = button("Train", toggle, { class: "main", disabled: true, "aria-keyshortcuts": "Space" });
  const step = button("Step", commands.step, { disabled: true, "aria-keyshortcuts": "." });
  const reset = button("Reset", commands.reset, { disabled: true });
  const values = Object.fromEntries(figures.map((name) => [name, el("dd", {}, "–")])) as Record<Figure, HTMLElement>;
  const progress = el("progress", { max: 1, value: 0, "aria-label": "Progress of the epoch" });
  const status = el("p", { class: "status" }, "Starting …");
  const live = el("p", { class: "hidden", role: "status", "aria-live": "polite" });
  let state: State = "waiting", said = 0;

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
    put("Step", `${number(at)} / ${number(steps)}`);
    progress.value = at / steps;
  }

  return {
    element: el("section", { class: "deck", "aria-label": "Training" },
      el("div", { class: "buttons" }, go, step, reset),
      el("dl", { class: "figures" }, ...figures.map((name) => el("div", {}, el("dt", {}, name), values[name]))),
      progress,
      el("div", { class: "deck-foot" }, status, live, el("p", { class: "keys" },
        el("kbd", {}, "Space"), " trains and pauses, ", el("kbd", {}, "."), " takes one step"))),

    set state(next: State) {
      state = next;
      go.textContent = next === "training" ? "Pause" : "Train";
      go.disabled = next !== "paused" && next !== "training";
      step.disabled = go.disabled;
      reset.disabled = next === "waiting";
    },
    get state(): State { return state; },

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
