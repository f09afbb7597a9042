import { writeFile } from "node:fs/promises";
import { bench, type BenchRow } from "../bench/bench.js";
import { cases, hasText } from "../bench/cases.js";
import { benchTable, legend } from "../bench/report.js";
import { OptionError } from "../errors.js";
import { targetOf } from "../gpu/device.js";
import { Recorder } from "../gpu/recorder.js";
import { roofline } from "../profile/roofline.js";
import { openDevice } from "./device.js";
import { writeJson } from "./files.js";
import { parsed, writable } from "./options.js";
import type { Terminal } from "./terminal.js";

const text = { type: "string" } as const, flag = { type: "boolean" } as const;
const operators = [...new Set(cases.map((c) => c.operator))];

const help = [
  "Times every rung of every operator, all rungs of one in turn, and holds their results against the plain rung's.", "",
  "  convoy bench [OPERATOR ...] [options]      in this folder: npm run bench -- [OPERATOR ...] [options]",
  "  convoy roofline [--json FILE]              only the adapter's limits: npm run bench:roofline", "",
  `  OPERATOR          ${operators.slice(0, 9).join(", ")},`,
  `                    ${operators.slice(9).join(", ")}; default all`,
  "  --shape TEXT      only shapes with a word that begins so: --shape 3×3, --shape lenet",
  "  --rung NAME       only rungs of this name",
  "  --rounds N        default 7",
  "  --json FILE       the same as data",
  "  --markdown FILE   the same as a table for documents",
  "  --wall-clock      do without the GPU's timestamps",
  "  --list            what there is, without timing it",
];

/** `convoy bench` and `convoy roofline`. Returns the exit code. */
export async function benchCommand([command, ...args]: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parsed("bench", args, {
    shape: text, rung: text, rounds: text, json: text, markdown: text,
    "wall-clock": flag, list: flag, help: { ...flag, short: "h" },
  });
  const { shape, rung, json, markdown } = values, rounds = Number(values.rounds ?? 7);
  if (values.help) { for (const line of help) terminal.line(line); return 0; }
  const unknown = positionals.find((name) => !operators.includes(name));
  if (unknown !== undefined) {
    throw new OptionError(`there is no operator "${unknown}", only ${operators.join(", ")}`, { operator: unknown });
  }
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new OptionError(`--rounds is an integer of at least 1, not "${values.rounds}"`, { rounds });
  }
  const chosen = command === "roofline" ? [] : cases.filter((one) =>
    (!positionals.length || positionals.includes(one.operator)) && hasText(one.shape, shape ?? ""));
  if (command === "bench" && !chosen.length) {
    throw new OptionError(`no shape has a word that begins with "${shape}"; --list shows what there is`, { shape });
  }
  if (values.list) {
    for (const one of chosen) terminal.line(`${one.operator.padEnd(18)}${one.shape}`);
    return 0;
  }
  for (const [name, path] of Object.entries({ json, markdown })) if (path !== undefined) writable(name, path);

  const device = await openDevice();
  try {
    const rows: BenchRow[] = [];
    const rungs = new Set(chosen.flatMap((one) => {
      const rec = new Recorder(targetOf(device.adapter));
      one.record(rec);
      return rec.steps.flatMap((step) => step.rungs ?? []);
    }));
    if (rung !== undefined && !rungs.has(rung)) {
      const there = rungs.size ? `only of ${[...rungs].join(", ")}` : "for they have one kernel each";
      throw new OptionError(`no kernel of these is of the rung "${rung}" on this adapter, ${there}`, { rung });
    }
    const roof = await roofline(device);
    const about = [`Adapter: ${device.adapter.name}`, ...legend(roof)];
    for (const line of about.slice(0, command === "roofline" ? 2 : 3)) terminal.line(line);
    for (const [i, one] of chosen.entries()) {
      terminal.progress(`${i + 1}/${chosen.length} ${one.operator} ${one.shape}`);
      const found = await bench(device, one, {
        roofline: roof, rung, rounds, ...values["wall-clock"] && { clock: "wall clock" },
      });
      rows.push(...found);
      if (found.length) terminal.line(`\n${benchTable(found)}`);
    }
    terminal.clear();
    if (json) await writeJson(json, { adapter: device.adapter, roofline: roof, rows });
    if (markdown) await writeFile(markdown, `${about.join("\n\n")}\n\n${benchTable(rows, true)}\n`);
    return 0;
  } finally { device.destroy(); }
}
