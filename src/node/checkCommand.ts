import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { check, isLayer } from "../check/check.js";
import type { Reference } from "../check/gradients.js";
import type { CheckOptions } from "../check/probe.js";
import type { AnyLayer } from "../graph.js";
import { DeviceLostError, FormatError, OptionError } from "../errors.js";
import { openDevice } from "./device.js";
import { parsed } from "./options.js";
import type { Terminal } from "./terminal.js";

const help = [
  "Checks layers of your own: loops without an end, accesses out of bounds, races, gradients against differences, "
    + "y against a reference.", "",
  "  convoy check FILE.mjs [options]", "",
  "  FILE.mjs exports layers, such as `export const layer = defineLayer({…})`; each of them is checked. It may export",
  "  `shapes`, the inputs' shapes as shape() sees them, such as [[2, 5, 5, 4]]; "
    + "`reference`, y in f64 from inputs and parameters;",
  "  `range`, from where inputs are drawn, such as [0.5, 2]. "
    + "With several layers, each may be an object by the layers' export names:",
  "  shapes = { swish: [[2, 8]], norm: [[2, 5, 5, 4]] }. A lone reference is that of `layer`.", "",
  "  --shape N,H,W,C   instead of `shapes`; again for each further input",
  "  --seed N          of all values that are drawn; default 1",
  "What is right, but slow on GPUs, is a hint: it changes neither the ✓ nor the exit code.",
  "Exit codes: 0 all is well, 1 something was found, 2 an option is wrong.",
];

/** What a file exports. Where its JavaScript is wrong, import() does not say; a Node that ends of it does. */
async function exportsOf(file: string): Promise<Record<string, unknown>> {
  const { href } = pathToFileURL(resolve(file));
  try { return await import(href) as Record<string, unknown>; } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    const again = ["--input-type=module", "--eval", `import ${JSON.stringify(href)}`];
    const { stderr } = spawnSync(process.execPath, again, { encoding: "utf8" });
    const [, url, line, text] = /^(file:.+):(\d+)\n(.*)$/m.exec(stderr) ?? [undefined, href, "?", ""];
    throw new FormatError(`${fileURLToPath(url)}, line ${line}: ${cause.message} (${text.trim()})`, { file }, cause);
  }
}

/** `convoy check`. Returns the exit code. */
export async function checkCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  const { values: { shape, seed = "1", help: asked }, positionals: [file, ...rest] } = parsed("check", args, {
    shape: { type: "string", multiple: true }, seed: { type: "string" }, help: { type: "boolean", short: "h" },
  });
  if (asked) { for (const line of help) terminal.line(line); return 0; }
  if (!file || rest.length) {
    throw new OptionError(file ? `"${rest[0]}" is one word too many`
      : "check what? A file that exports layers: convoy check my-layer.mjs");
  }
  if (!/^\d+$/.test(seed)) throw new OptionError(`--seed is an integer of at least 0, not "${seed}"`, { seed });
  if (!existsSync(file)) throw new OptionError(`${file}: there is no such file`, { file });
  const module = await exportsOf(file);
  const layers = Object.entries(module).filter((entry): entry is [string, AnyLayer] => isLayer(entry[1]));
  if (!layers.length) {
    const why = `${file} exports no layer; write export const layer = defineLayer({…}), or elementwise({…})`;
    throw new OptionError(why, { file });
  }
  const given = shape?.map((text) => text.split(",").map(Number));
  for (const one of given ?? []) if (one.some((n) => !Number.isInteger(n) || n < 1)) {
    const why = `--shape is integers of at least 1, such as 2,5,5,4, not "${shape!.join(" ")}"`;
    throw new OptionError(why, { shape });
  }
  /** What the file says of one layer: by its name, or for all. */
  const said = (what: string, name: string) => {
    const all = module[what];
    return typeof all === "object" && all && !Array.isArray(all) ? (all as Record<string, unknown>)[name] : all;
  };
  const device = await openDevice();
  try {
    terminal.line(`Adapter: ${device.adapter.name}; seed ${seed}`);
    let sound = true;
    for (const [name, layer] of layers) {
      const shapes = given ?? said("shapes", name) as number[][] | undefined ?? [[2, 5, 5, 4]];
      const twin = typeof module.reference === "function" && layers.length > 1 && name !== "layer" ? undefined
        : said("reference", name);
      try {
        const report = await check(layer, shapes, {
          device, seed: Number(seed), range: said("range", name) as CheckOptions["range"],
          ...typeof twin === "function" && { reference: twin as Reference },
        });
        terminal.line(String(report));
        sound &&= report.ok;
      } catch (e) {  // the next layer may well be checked
        if (e instanceof DeviceLostError) throw e;
        terminal.line(`✗ ${layer.name}: ${(e as Error).message.replace(`${layer.name}: `, "")}`);
        sound = false;
      }
    }
    return sound ? 0 : 1;
  } finally { device.destroy(); }
}
