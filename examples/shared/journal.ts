// What the present run has shown, beside earlier ones: charts, and the list of runs.
import type { Progress } from "convoy-gpu";
import { accuracyChart, lossChart } from "./charts.js";
import { upTo, withEpoch, withLosses, type Curve } from "./curve.js";
import { download } from "./dom.js";
import type { Family, Settings, Value } from "./family.js";
import { runs } from "./runs.js";

export function journal({ title, controls }: Family) {
  const loss = lossChart(), accuracy = accuracyChart();
  const compared = [...controls, { name: "data", label: "Data", kind: "choice" } as const];
  const past = runs({ title, controls: compared }, () => { draw(); }, download);
  const draw = () => {
    const { now: { curve, settings }, drawn } = past;
    loss.show(curve, drawn.past, drawn.name);
    accuracy.show(curve, drawn.past, drawn.name, Number(settings.epochs));
  };
  return {
    charts: [loss.element, accuracy.element], runs: past.element,
    get curve(): Curve { return past.now.curve; },
    /** Says in place of the charts why none come, or that they will. */
    idle(why?: string): void { for (const chart of [loss, accuracy]) chart.idle(why); },
    /** Steps that the present run has told of. */
    get reached(): number { return past.now.curve.steps.at(-1) ?? 0; },
    /** Whether a run that begins after so many steps is the present one, which goes on from where it stands. */
    goesOn: (id: number, from: number) => id === past.now.id && from > 0 && from === past.now.curve.steps.at(-1),
    /** Begins a run, or goes on with an earlier one after so many steps. */
    begin(settings: Settings, id: number, from: number): void {
      past.begin(settings, id);
      past.curve = upTo(past.now.curve, from);
      draw();
    },
    /** Takes in what the run tells after so many steps. Gives the smoothed loss. */
    add(progress: Progress, total: number): number {
      const curve = withLosses(past.now.curve, total, progress.losses);
      past.curve = progress.epochEnd ? withEpoch(curve, total, progress) : curve;
      draw();
      return curve.means.at(-1) ?? progress.loss;
    },
    alter: (name: string, value: Value) => { past.alter(name, value); },
  };
}
