// The words of `npm run bench:peers`, read before anything is installed.
import { parseArgs } from "node:util";

const usage = `npm run bench:peers -- [--network TEXT] [--batch N] [--rounds N] [--peers tensorflow,jax,onnx,pytorch]
                      [--json FILE] [--markdown FILE]`;

export function options() {
  try {
    const { values } = parseArgs({
      options: {
        network: { type: "string" }, batch: { type: "string", default: "64" }, rounds: { type: "string", default: "5" },
        peers: { type: "string" }, json: { type: "string" }, markdown: { type: "string" }, help: { type: "boolean" },
      },
    });
    for (const name of ["batch", "rounds"])
      if (!/^[1-9]\d*$/.test(values[name])) throw new Error(`--${name} is a whole number from 1, not ${values[name]}`);
    if (!values.help) return values;
    console.log(usage);
    process.exit();
  } catch (e) {
    console.error(`error: ${e.message}\n${usage}`);
    process.exit(1);
  }
}
