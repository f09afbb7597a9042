import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { bench, type BenchRow } from "../bench/bench.js";
import { cases, hasText } from "../bench/cases.js";
import { benchTable, legend } from "../bench/report.js";
import { OptionError } from "../errors.js";
import { roofline } from "../profile/roofline.js";
import { openDevice } from "./device.js";
import { writable } from "./options.js";
import type { Terminal } from "./terminal.js";

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
  const { values, positionals } = options(args), text = (name: string) => values[name] as string | undefined;
  const rounds = Number(text("rounds") ?? 7);
  if (values.help) { for (const line of help) terminal.line(line); return 0; }
  const unknown = positionals.find((name) => !operators.includes(name));
  if (unknown !== undefined) {
    throw new OptionError(`there is no operator "${unknown}", only ${operators.join(", ")}`, { operator: unknown });
  }
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new OptionError(`--rounds is an integer of at least 1, not "${text("rounds")}"`, { rounds });
  }
  const chosen = command === "roofline" ? [] : cases.filter(({ operator, shape }) =>
    (!positionals.length || positionals.includes(operator)) && hasText(shape, text("shape") ?? ""));
  if (command === "bench" && !chosen.length) {
    const shape = text("shape");
    throw new OptionError(`no shape has a word that begins with "${shape}"; --list shows what there is`, { shape });
  }
  if (values.list) {
    for (const { operator, shape } of chosen) terminal.line(`${operator.padEnd(18)}${shape}`);
    return 0;
  }
  const files = { json: text("json"), markdown: text("markdown") };
  for (const [flag, path] of Object.entries(files)) if (path !== undefined) writable(flag, path);

  const device = await openDevice();
  try {
    const roof = await roofline(device), rows: BenchRow[] = [];
    const about = [`Adapter: ${device.adapter.name}`, ...legend(roof)];
    for (const line of about.slice(0, command === "roofline" ? 2 : 3)) terminal.line(line);
    for (const [i, one] of chosen.entries()) {
      terminal.progress(`${i + 1}/${chosen.length} ${one.operator} ${one.shape}`);
      const found = await bench(device, one, {
        roofline: roof, rung: text("rung"), rounds, ...values["wall-clock"] && { clock: "wall clock" },
      });
      rows.push(...found);
      if (found.length) terminal.line(`\n${benchTable(found)}`);
    }
    terminal.clear();
    if (files.json) {
      const measured = { adapter: device.adapter, roofline: roof, rows };
      await writeFile(files.json, `${JSON.stringify(measured, undefined, 1)}\n`);
    }
    if (files.markdown) await writeFile(files.markdown, `${about.join("\n\n")}\n\n${benchTable(rows, true)}\n`);
    return 0;
  } finally { device.destroy(); }
}

function options(args: readonly string[]) {
  const text = { type: "string" } as const, flag = { type: "boolean" } as const;
  const known: Record<string, { type: "string" | "boolean"; short?: string }> = {
    shape: text, rung: text, rounds: text, json: text, markdown: text,
    "wall-clock": flag, list: flag, help: { ...flag, short: "h" },
  };
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: known });
  } catch (e) {
    throw new OptionError(`${(e as Error).message.split(". ")[0]}; convoy bench --help lists what there is`, {}, e);
  }
}
