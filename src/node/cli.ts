#!/usr/bin/env node
import { ConvoyError, OptionError } from "../errors.js";
import { VERSION } from "../tune/choices.js";
import { benchCommand } from "./benchCommand.js";
import { checkCommand } from "./checkCommand.js";
import { help, parse, type TrainCommand } from "./options.js";
import { profileCommand } from "./profileCommand.js";
import { Terminal } from "./terminal.js";
import { tuneCommand } from "./tuneCommand.js";
import { trainCommand, type Interrupt } from "./trainCommand.js";

const out = new Terminal(process.stdout), err = new Terminal(process.stderr);
const interrupt: Interrupt & { asked: boolean } = { asked: false };

process.on("SIGINT", () => {
  if (interrupt.asked) process.exit(130);
  interrupt.asked = true;
  err.line(interrupt.stop ? "Stopping; Ctrl-C again leaves at once"
    : "Stopping as soon as that is possible; Ctrl-C again leaves at once");
  interrupt.stop?.();
});
// Whoever read has read enough.
process.stdout.on("error", (e: NodeJS.ErrnoException) => process.exit(e.code === "EPIPE" ? 0 : 1));

/** A wrong option is told in one line; what Convoy knows, too; anything else is a bug, and comes with its stack. */
function fail(e: unknown, code: number): number {
  out.clear();
  err.line(e instanceof ConvoyError ? err.style("red", `error: ${e.message}`) : (e as Error)?.stack ?? String(e));
  return code;
}

async function main(args: readonly string[]): Promise<number> {
  try {
    if (args[0] === "bench" || args[0] === "roofline") return await benchCommand(args, out);
    if (args[0] === "check") return await checkCommand(args.slice(1), out);
  } catch (e) { return fail(e, e instanceof OptionError ? 2 : 1); }
  if (args.length === 1 && args[0] === "--version") { out.line(VERSION); return 0; }
  let command: TrainCommand | "help";
  try { command = parse(args); } catch (e) { return fail(e, 2); }
  if (command === "help") {
    out.line(help());
    return 0;
  }
  try {
    return await (command.command === "train" ? trainCommand(command, out, interrupt)
      : command.command === "tune" ? tuneCommand(command, out)
      : profileCommand(command, out));
  } catch (e) { return fail(e, 1); }
}

const code = await main(process.argv.slice(2));
process.stdout.write("", () => process.exit(code));  // Dawn keeps a thread that would keep the process
