import { families } from "../../models/index.js";
import { tune } from "../tune/tune.js";
import { openDevice } from "./device.js";
import { writeJson } from "./files.js";
import type { TrainCommand } from "./options.js";
import type { Terminal } from "./terminal.js";

/**
 * Tunes a training step: a line for each operator, a star where another rung than the usual one is the best.
 * Returns the exit code.
 */
export async function tuneCommand(
  { model, options, batch, inputSize, adapter, json }: TrainCommand, terminal: Terminal,
): Promise<number> {
  const device = await openDevice({ adapter });
  try {
    terminal.line(`Adapter: ${device.adapter.name}`);
    const ms = (seconds: number) => `${(1000 * seconds).toFixed(3)} ms`;
    let now = 0, usually = 0;
    const choices = await tune(families[model](options), {
      device, input: [1, inputSize, inputSize], batch,
      onMeasured({ key, rung, usual, seconds }) {
        now += seconds[rung];
        usually += seconds[usual];
        const times = Object.entries(seconds).map(([name, s]) => `${name} ${ms(s)}`).join(", ");
        terminal.line(`${rung === usual ? " " : "*"} ${rung.padEnd(8)}${key}; ${times}`);
      },
    });
    terminal.line(`${Object.keys(choices).length} operators: ${ms(now)} by these rungs, `
      + `${ms(usually)} by the usual ones; a star marks what changed.`);
    if (json) await writeJson(json, choices);
    return 0;
  } finally { device.destroy(); }
}
